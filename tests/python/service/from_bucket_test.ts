// Files that a service lets Python read from its bucket.
import { assertEquals } from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry } from "../../../mod.ts";
import { noise } from "../../registry/registries.ts";
import { createPresigningStore } from "../../transfers/presigning_store.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const LARGE = noise(9_000_000);

const PROGRAM = `
import hashlib, sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for _ in range(2):
    file = registry.open("a").file()
    print(hashlib.sha256(file.read()).hexdigest(), hashlib.sha256(file.range(7, 2**20)).hexdigest(), file.range(7, 5).hex())
`;

type Asked = [range: string | null, hasToken: boolean];

pythonTest("Python reads a large file from the bucket, or else from the service", async (root) => {
  const asked: Asked[] = [];
  let refuses = false;
  const store = createPresigningStore();
  const answer = async ({ url, headers }: Request) => {
    asked.push([headers.get("range"), headers.has("authorization")]);
    assertEquals(headers.has("holdfast-accept"), false);
    if (refuses) return new Response("<Error/>", { status: 403 });
    const bytes = await store.fetch(`https://store.test${new URL(url).pathname}`);
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
    if (range === null) return new Response(bytes as Uint8Array<ArrayBuffer>);
    const [first, last] = [Number(range[1]), Number(range[2])];
    const sent = { "content-range": `bytes ${first}-${last}/${LARGE.byteLength}` };
    const part = bytes!.slice(first, last + 1) as Uint8Array<ArrayBuffer>;
    return new Response(part, { status: 206, headers: sent });
  };
  const bucket = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  let address = `http://127.0.0.1:${bucket.addr.port}`;
  const presign: typeof store.backend.presign = async (key, grant) =>
    (await store.backend.presign!(key, grant))!.replace("https://store.test", address);
  await using registry = await openRegistry({ ...store.backend, presign }, { cache: false });
  await registry.save("a", LARGE);

  /** Runs the program, and returns what the bucket was asked for. */
  const read = async () => {
    asked.length = 0;
    await using service = served(registry, ["read:*"], { redirect: true });
    const args = [service.location, service.token!];
    const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
    const lines = await runProgram(PROGRAM, { args, cwd: root.path, env });
    const digest = (await registry.open("a")).info.files[0]!.sha256;
    const part = sha256(LARGE.subarray(7, 7 + 2 ** 20));
    const right = `${digest} ${part} ${LARGE.slice(7, 12).toHex()}`;
    assertEquals(lines, [right, right]);
    return asked;
  };
  const [whole, part]: Asked[] = [[null, false], ["bytes=7-1048582", false]];
  assertEquals(await read(), [whole, part, whole, part]);
  refuses = true;
  assertEquals((await read()).length, 4);
  await bucket.shutdown();
  assertEquals(await read(), []);
  address = "ftp://127.0.0.1";
  assertEquals(await read(), []);
});
