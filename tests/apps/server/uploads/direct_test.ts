// Clients that send large files straight into the bucket of a service.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { openRegistry } from "../../../../mod.ts";
import { collectGarbage } from "../../../../apps/maintenance.ts";
import { python, runProgram } from "../../../python/reader.ts";
import { withAge } from "../../../registry/with_age.ts";
import { noise } from "../../../registry/registries.ts";
import { testOnServers } from "../../../servers/server_world.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { ASKED, LARGE, put, serve, SUM } from "./serve_bucket.ts";

const save = (upload: string, more = {}) => ({
  materializer: { id: "file", formatVersion: 1 },
  files: [{ path: "data.bin", upload, ...ASKED, ...more }],
});

testOnServers("no byte of a large file passes through the service", REAL_SERVERS, async (world) => {
  await using service = await serve(world);
  const client = await openHttpRegistry(service.location);
  const progress: number[] = [];
  const saved = await client.save("a", LARGE, { onProgress: ({ bytes }) => progress.push(bytes) });
  assertEquals(progress.at(-1), LARGE.byteLength);
  assertEquals(service.received() < 10_000, true, `${service.received()} bytes`);
  assertEquals((await client.info("a")).files.map((file) => file.sha256), [SUM]);
  assertEquals(await client.load(`a@${saved.version}`), LARGE);
  const draft = await client.openDraft("b", { id: "d" });
  await draft.addPart("part", [{ path: "data.bin", content: LARGE }]);
  await draft.commit();
  assertEquals(service.received() < 20_000, true, `${service.received()} bytes`);
  assertEquals((await client.info("b")).files.map((file) => file.sha256), [SUM]);
});

const PYTHON_SAVES = `
import pathlib, sys, holdfast
registry = holdfast.connect(sys.argv[1])
print(registry.save("p", pathlib.Path(sys.argv[2])).size)
print(registry.save("q", pathlib.Path(sys.argv[2]), compress="gzip").size)
print(registry.save("r", open(sys.argv[2], "rb").read()).size)
`;

testOnServers("Python sends large files to the bucket, too", REAL_SERVERS, async (world) => {
  if (python === undefined) return;
  await using root = await tempRoot();
  await using service = await serve(world);
  await Deno.writeFile(root.join("data.bin"), LARGE);
  const args = [service.location, root.join("data.bin")];
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(PYTHON_SAVES, { args, env });
  assertEquals(lines, Array(3).fill(`${LARGE.byteLength}`));
  assertEquals(service.requests.filter((each) => each.endsWith("/presign")).length, 2);
  const passed = service.received() - LARGE.byteLength; // what the service compresses
  assertEquals(passed < 20_000, true, `${passed} bytes`);
  for (const name of ["p", "q", "r"]) {
    const { files } = await service.registry.info(name);
    assertEquals(files.map(({ sha256 }) => sha256), [SUM], name);
  }
});

for (const kind of ["minio", "versitygw"] as const) {
  testOnServers("two clients save the same name at once", kind, async (world) => {
    await using service = await serve(world);
    const clients = await Promise.all([0, 1].map(() => openHttpRegistry(service.location)));
    const contents = [LARGE, noise(12_000_000, 9)];
    const saved = await Promise.all(clients.map((client, i) => client.save("a", contents[i]!)));
    assertEquals(saved.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
    for (const [i, { version }] of saved.entries()) {
      assertEquals(await clients[i]!.load(`a@${version}`), contents[i]!);
    }
  });
}

testOnServers("a client that lies about a digest is refused", REAL_SERVERS, async (world) => {
  await using service = await serve(world);
  const other = noise(12_000_000, 5);
  const { json, status } = await service.json("POST", "/contents/presign", ASKED);
  assertEquals(status, 201);
  const sent = await put(json, other);
  const lied = await service.json("POST", "/artifacts/a/versions", save(json.upload));
  if (world.server.kind === "fake-gcs") {
    assertEquals([sent, lied.status], [200, 400]);
    assertStringIncludes(lied.json.detail, `its SHA-256 is ${sha256(other)}, not ${SUM}`);
  } else assertEquals([sent, lied.status], [400, 409]);
  const { json: honest } = await service.json("POST", "/contents/presign", ASKED);
  assertEquals(await put(honest, LARGE), 200);
  const wrong = save(honest.upload, { sha256: sha256(other) });
  assertEquals((await service.json("POST", "/artifacts/a/versions", wrong)).status, 400);
  const short = save(honest.upload, { size: 5 });
  assertEquals((await service.json("POST", "/artifacts/a/versions", short)).status, 400);
  assertEquals(await service.registry.has("a"), false);
});

testOnServers("uploads have owners, limits and rights", "minio", async (world) => {
  await using root = await tempRoot();
  const tokens = root.join("t.json");
  const { token } = await createToken(tokens, { scopes: ["save:a"] });
  const { token: other } = await createToken(tokens, { scopes: ["save:a"] });
  const { token: reader } = await createToken(tokens, { scopes: ["read:*"] });
  const audit: string[] = [];
  await using service = await serve(world, {
    tokens: await openTokenFile(tokens),
    limits: { maxUploadBytes: LARGE.byteLength },
    audit: (line) => void audit.push(JSON.stringify(line)),
  });
  const ask = (by: string, size = LARGE.byteLength) =>
    service.json("POST", "/contents/presign", { ...ASKED, size }, by);
  assertEquals((await ask(reader)).status, 403);
  assertEquals((await ask(token, LARGE.byteLength + 1)).status, 413);
  const { json } = await ask(token);
  assertEquals(await put(json, LARGE), 200);
  const stolen = await service.json("POST", "/artifacts/a/versions", save(json.upload), other);
  assertEquals(stolen.status, 404);
  const elsewhere = await service.json("POST", "/artifacts/b/versions", save(json.upload), token);
  assertEquals(elsewhere.status, 403);
  const own = await service.json("POST", "/artifacts/a/versions", save(json.upload), token);
  assertEquals(own.status, 201);
  assertEquals(audit.filter((line) => line.includes("X-Amz-Signature")), []);
});

testOnServers("bytes that no save takes are garbage", "minio", async (world) => {
  await using service = await serve(world);
  const { json } = await service.json("POST", "/contents/presign", ASKED);
  assertEquals(await put(json, LARGE), 200); // and here the client is killed
  const { backend } = service.registry;
  const keys = async () => (await Array.fromAsync(backend.list("uploads/"))).length;
  assertEquals(await keys(), 2);
  const { graceMs } = service.registry.settings;
  await using aged = await openRegistry(withAge(world.store(), graceMs + 60_000), { cache: false });
  await collectGarbage(aged);
  assertEquals(await keys(), 0);
});

testOnServers("without redirects, clients send to the service", "minio", async (world) => {
  await using service = await serve(world, { redirect: false });
  const { status, json } = await service.json("POST", "/contents/presign", ASKED);
  assertEquals([status, json.code], [422, "Unsupported"]);
  const client = await openHttpRegistry(service.location);
  await client.save("a", LARGE);
  assertEquals(service.requests.filter((each) => each.includes("presign")).length, 1);
  assertEquals(await client.load("a"), LARGE);
});

testOnServers("a bucket that clients cannot reach costs one attempt", "minio", async (world) => {
  await using service = await serve(world);
  const client = await openHttpRegistry(service.location);
  world.proxy.plan(({ method, url }) =>
    method === "PUT" && url.includes("X-Amz-Signature") ? { fault: "refuse" } : undefined
  );
  const progress: number[] = [];
  await client.save("a", LARGE, { onProgress: ({ bytes }) => progress.push(bytes) });
  assertEquals(progress, progress.toSorted((one, two) => one - two));
  assertEquals(progress.at(-1), LARGE.byteLength);
  await client.save("b", LARGE);
  const asked = service.requests.filter((each) => each === "POST /contents/presign");
  assertEquals(asked.length, 2);
  assertMatch(service.requests.join(), /PATCH/);
});
