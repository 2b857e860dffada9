// Files that a service lets Python read from its bucket.
import { assertEquals } from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry } from "../../../mod.ts";
import { noise } from "../../registry/registries.ts";
import { createPresigningStore } from "../../extensions/transfers/presigning_store.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const LARGE = noise(9_000_000);

const PROGRAM = `
import hashlib, sys, time
import holdfast
from holdfast.client import connection

connection.BUCKET_TIMEOUT = float(sys.argv[4])
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
def digests():
    file = registry.open("a").file()
    for content in (file.read(), file.range(7, 2**20), file.range(7, 5)):
        yield hashlib.sha256(content).hexdigest()
for _ in range(2):
    try:
        print(*digests())
    except holdfast.HoldfastError as error:
        print(error.code, "127.0.0.1:" + sys.argv[3] in str(error))
now = time.monotonic()
time.monotonic = lambda: now + 600
print(*digests())
`;

type Answer = (request: Request, bytes: Uint8Array<ArrayBuffer>) => Promise<Response> | Response;

/** Answers a bucket's GET of an object, with ranges. */
const sendObject: Answer = ({ headers }, bytes) => {
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
  if (range === null) return new Response(bytes);
  const [first, last] = [Number(range[1]), Number(range[2])];
  const sent = { "content-range": `bytes ${first}-${last}/${LARGE.byteLength}` };
  return new Response(bytes.slice(first, last + 1), { status: 206, headers: sent });
};

/** Returns what Python reads three times, the last one ten minutes later, and asks the bucket. */
async function readBy(
  answer: Answer,
  root: TempRoot,
  { lead = (url: string) => url, timeout = 60 } = {},
) {
  const asked: (string | null)[] = [];
  const store = createPresigningStore();
  await using bucket = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { url, headers } = request;
      asked.push(headers.get("range"));
      const allowed = ["range", "accept-encoding", "connection", "host", "user-agent"];
      assertEquals([...headers.keys()].filter((name) => !allowed.includes(name)), []);
      const bytes = await store.fetch(`https://store.test${new URL(url).pathname}`);
      return await answer(request, (bytes ?? new Uint8Array()) as Uint8Array<ArrayBuffer>);
    },
  );
  const { port } = bucket.addr;
  const presign: typeof store.backend.presign = async (key, grant) =>
    lead((await store.backend.presign!(key, grant))!.replace(
      "https://store.test",
      `http://127.0.0.1:${port}`,
    ));
  await using registry = await openRegistry({ ...store.backend, presign }, { cache: false });
  await registry.save("a", LARGE);
  await using service = served(registry, ["read:*"], { redirect: true });
  const args = [service.location, service.token!, `${port}`, `${timeout}`];
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  return { lines: await runProgram(PROGRAM, { args, cwd: root.path, env }), asked };
}

const RIGHT = [LARGE, LARGE.subarray(7, 7 + 2 ** 20), LARGE.subarray(7, 12)].map((bytes) =>
  sha256(bytes)
).join(" ");
const PART = "bytes=7-1048582";

pythonTest("Python reads a large file, and long ranges of it, from the bucket", async (root) => {
  const { lines, asked } = await readBy(sendObject, root);
  assertEquals(lines, [RIGHT, RIGHT, RIGHT]);
  assertEquals(asked, [null, PART, null, PART, null, PART]);
});

pythonTest("Python reads from the service for ten minutes if the bucket fails", async (root) => {
  const headers = { "retry-after": "20" };
  const failures: Record<string, Answer> = {
    "it refuses": () => new Response("<Error/>", { status: 403 }),
    "it is busy": () => new Response("<Error/>", { status: 503, headers }),
    "it is silent": ({ signal }) =>
      new Promise((give) => signal.addEventListener("abort", () => give(new Response()))),
    "it leads elsewhere": () => new Response(null, { status: 302, headers: { location: "/x" } }),
    "a page of a proxy": () => new Response("<html>"),
    "compressed": (_, bytes) => new Response(bytes, { headers: { "content-encoding": "gzip" } }),
    "a part of it": (_, bytes) => new Response(bytes, { status: 206 }),
  };
  for (const [what, answer] of Object.entries(failures)) {
    const timeout = what === "it is silent" ? 0.5 : undefined;
    const { lines, asked } = await readBy(answer, root, { timeout });
    assertEquals([lines, asked], [[RIGHT, RIGHT, RIGHT], [null, null]], what);
  }
  const otherRange: Answer = (request, bytes) => {
    if (!request.headers.has("range")) return sendObject(request, bytes);
    const sent = { "content-range": `bytes 0-1048575/${LARGE.byteLength}` };
    return new Response(bytes.slice(0, 2 ** 20), { status: 206, headers: sent });
  };
  const { lines, asked } = await readBy(otherRange, root);
  assertEquals([lines, asked], [[RIGHT, RIGHT, RIGHT], [null, PART, null, PART]]);
  const lead = () => "https://127.0.0.1:1/x";
  assertEquals((await readBy(sendObject, root, { lead })).lines, [RIGHT, RIGHT, RIGHT]);
});

pythonTest(
  "Python reads anew from the service if the bucket breaks within a file",
  async (root) => {
    let count = 0;
    const { lines, asked } = await readBy((request, bytes) => {
      if (count++ > 0) return sendObject(request, bytes);
      let begun = false;
      const body = new ReadableStream({
        pull: (to) =>
          begun ? to.error("broken") : (begun = true, to.enqueue(bytes.slice(0, 9_999))),
      });
      return new Response(body);
    }, root);
    assertEquals(lines, ["Unavailable False", RIGHT, RIGHT]);
    assertEquals(asked, [null, null, PART]);
  },
);
