// Real clients that a real bucket answers: by links over S3, and by the library of the Hub.
import { assertEquals } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler, createToken, openTokenFile } from "../../../apps/server.ts";
import { readTokens } from "../../../apps/server/access/token_file.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { secretOf } from "../../../extensions/gateways/s3/derived_secret.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { openRegistry } from "../../../mod.ts";
import { SIGNING_KEY } from "../../backends/gcs/signing_key.ts";
import { python as anyPython, runProgram } from "../../python/reader.ts";
import { noise } from "../../registry/registries.ts";
import { testOnServers } from "../../servers/server_world.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { python, startPythonHub } from "./hub/python_hub.ts";
import { signer } from "./s3/open_s3.ts";

const KEY = "k".repeat(43);
const LARGE = noise(3_000_000);

const HUB_PROGRAM = `
import hashlib, os
from huggingface_hub import HfFileSystem, hf_hub_download
data = open(hf_hub_download("team/a", "data.bin"), "rb").read()
print(hashlib.sha256(data).hexdigest())
with HfFileSystem().open("team/a/data.bin", block_size=100) as file:
    file.seek(2_000_000)
    print(file.read(10) == data[2_000_000:2_000_010])
`;

testOnServers("the bucket sends large files to clients that follow", "minio", async (world) => {
  await using root = await tempRoot();
  await using registry = await openRegistry(world.proxied(), { cache: false });
  await registry.save("team/a", LARGE);
  const { token } = await createToken(root.join("t.json"), { scopes: ["read:team/*"] });
  const [stored] = (await readTokens(root.join("t.json")))!;
  await using service = await startPythonHub(registry, {
    tokens: await openTokenFile(root.join("t.json")),
    redirect: true,
    gateways: [hub, createS3Gateway({ key: KEY })],
  });
  /** Returns the requests that the bucket got with a signature in their URL. */
  const direct = async (read: () => Promise<void>) => {
    const from = world.proxy.requests.length;
    await read();
    const got = world.proxy.requests.slice(from)
      .filter(({ url }) => url.includes("X-Amz-Signature"));
    assertEquals(got.filter(({ headers }) => headers.authorization !== undefined), []);
    return got.map(({ headers: { range } }) => range ?? "whole");
  };

  const derived = signer({
    accessKeyId: stored!.id,
    secretAccessKey: secretOf(KEY, stored!),
    sessionToken: undefined,
  });
  const url = `${service.endpoint}/holdfast/team/a/@latest/data.bin`;
  const { url: link } = await derived.sign(url, { aws: { signQuery: true } });
  const asked = await direct(async () => {
    assertEquals(await (await fetch(link)).bytes(), LARGE);
    const part = await fetch(link, { headers: { range: "bytes=5-2000004" } });
    assertEquals([part.status, await part.bytes()], [206, LARGE.slice(5, 2_000_005)]);
  });
  assertEquals(asked, ["whole", "bytes=5-2000004"]);
  const byToken = await signer({ token }).sign(url);
  assertEquals(await direct(async () => void await (await fetch(byToken)).bytes()), []);

  const ours = await openHttpRegistry(service.endpoint, { token });
  const byOurs = await direct(async () => {
    const file = (await ours.open("team/a")).file("data.bin");
    assertEquals(await file.bytes(), LARGE);
    const part = file.stream({ offset: 7, length: 2_000_000 });
    assertEquals(await new Response(part).bytes(), LARGE.slice(7, 2_000_007));
  });
  assertEquals(byOurs, ["whole", "bytes=7-2000006"]);

  if (python === undefined) return;
  const byHub = await direct(async () => {
    const { lines } = await service.succeeds(HUB_PROGRAM, { HF_TOKEN: token });
    assertEquals(lines, [sha256(LARGE), "True"]);
  });
  assertEquals(byHub, ["whole", "bytes=2000000-2000109"]);
});

const PYTHON_READS = `
import hashlib, sys, holdfast
file = holdfast.connect(sys.argv[1]).open("a").file()
for content in (file.read(), file.range(7, 2_000_000)):
    print(hashlib.sha256(content).hexdigest())
`;

testOnServers("our clients read from the bucket of each server", REAL_SERVERS, async (world) => {
  await using root = await tempRoot();
  const store = world.store({ gcs: { credentials: SIGNING_KEY } });
  await using registry = await openRegistry(store, { cache: false });
  const content = noise(9_000_000);
  await registry.save("a", content);
  await using handler = createHandler(registry, { redirect: true });
  const answered: number[] = [];
  await using service = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (r) => {
    const answer = await handler(r);
    if (r.url.includes("/files/")) answered.push(answer.status);
    return answer;
  });
  const location = `http://127.0.0.1:${service.addr.port}`;
  const digests = [sha256(content), sha256(content.subarray(7, 2_000_007))];

  const file = (await (await openHttpRegistry(location)).open("a")).file("data.bin");
  const part = await new Response(file.stream({ offset: 7, length: 2_000_000 })).bytes();
  assertEquals([sha256(await file.bytes()), sha256(part)], digests);
  assertEquals(answered, [307, 307]);

  if (anyPython === undefined) return;
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  assertEquals(await runProgram(PYTHON_READS, { args: [location], env }), digests);
  assertEquals(answered, [307, 307, 307, 307], "without a request after a failure");
});
