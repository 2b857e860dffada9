// Files that one request cannot have, which clients send to the bucket of a service in pieces.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { REQUESTS } from "../../../../apps/client/bucket/direct.ts";
import { createToken, openTokenFile } from "../../../../apps/server.ts";
import { collectGarbage } from "../../../../apps/maintenance.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { isRegistryError, openRegistry } from "../../../../mod.ts";
import { openUploads } from "../../../../extensions/transfers/mod.ts";
import { passThrough } from "../../../../apps/server/saving/sent_files.ts";
import { noise } from "../../../registry/registries.ts";
import { python, runProgram } from "../../../python/reader.ts";
import { withAge } from "../../../registry/with_age.ts";
import { type ServerWorld, testOnServers } from "../../../servers/server_world.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { type Presigned, put, serve } from "./serve_bucket.ts";

const MIB = 2 ** 20;
const FILE = noise(28 * MIB + 5, 7);
const SUM = sha256(FILE);
const PIECE = 9 * MIB;

/** Registers a test of a client that sends such files in pieces. */
function testInPieces(
  name: string,
  kinds: Parameters<typeof testOnServers>[1],
  body: (world: ServerWorld) => Promise<void>,
): void {
  testOnServers(name, kinds, async (world) => {
    const before = { ...REQUESTS };
    Object.assign(REQUESTS, { whole: 20 * MIB, piece: PIECE });
    try {
      await body(world);
    } finally {
      Object.assign(REQUESTS, before);
    }
  });
}

/** Begins an upload by tus, and returns its id. */
async function begin(location: string, token?: string): Promise<string> {
  const headers = {
    "tus-resumable": "1.0.0",
    "upload-length": `${FILE.byteLength}`,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const answer = await fetch(`${location}/uploads`, { method: "POST", headers });
  await answer.body?.cancel();
  return answer.headers.get("location")!.split("/").at(-1)!;
}

const asked = (bytes: Uint8Array, upload: string, offset: number) => ({
  size: bytes.byteLength,
  sha256: sha256(bytes),
  upload,
  offset,
});
const save = (upload: string, more = {}) => ({
  materializer: { id: "file", formatVersion: 1 },
  files: [{ path: "data.bin", upload, size: FILE.byteLength, sha256: SUM, ...more }],
});
const PIECES = [0, 1, 2, 3].map((at) => FILE.subarray(at * PIECE, (at + 1) * PIECE));

testInPieces(
  "no byte of a file in pieces passes through the service",
  REAL_SERVERS,
  async (world) => {
    await using service = await serve(world);
    const client = await openHttpRegistry(service.location);
    const progress: number[] = [];
    await client.save("a", FILE, { onProgress: ({ bytes }) => progress.push(bytes) });
    assertEquals(progress.at(-1), FILE.byteLength);
    assertEquals(progress, progress.toSorted((one, two) => one - two));
    assert(service.received() < 20_000, `${service.received()} bytes`);
    const asked = service.requests.filter((each) => each === "POST /contents/presign");
    assertEquals(asked.length, 4);
    assertEquals((await service.registry.info("a")).files.map((file) => file.sha256), [SUM]);
    assertEquals(sha256(await client.load("a") as Uint8Array), SUM);
    assertEquals(await Array.fromAsync(service.registry.backend.list("uploads/")), []);
    if (world.server.kind === "fake-gcs") return; // its proxy is not on the way
    const { requests } = world.proxy;
    const sent = requests.filter(({ headers }) => Number(headers["content-length"] ?? 0) > MIB);
    assertEquals(sent.filter(({ url }) => !url.includes("X-Amz-Signature")), []);
    const read = requests.filter(({ method, url }) =>
      method === "GET" && /\/uploads\/[^/]+\/[1-9]/.test(url)
    ).map(({ url, headers }) => `${url} ${headers.range}`);
    assertEquals(read.length, 7, "4 pieces, by ranges of 8 MiB");
    assertEquals(new Set(read).size, 7, "each once, for the digest of the whole");
  },
);

testInPieces("a client that stops removes its pieces", "minio", async (world) => {
  await using service = await serve(world);
  const client = await openHttpRegistry(service.location);
  const stop = new AbortController();
  const saving = client.save("a", FILE, {
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("stopped")),
  });
  await assertRejects(() => saving, Error, "stopped");
  assertEquals(await Array.fromAsync(service.registry.backend.list("uploads/")), []);
});

testInPieces("pieces of a killed client are garbage", "minio", async (world) => {
  await using service = await serve(world);
  const upload = await begin(service.location);
  const { json } = await service.json(
    "POST",
    "/contents/presign",
    asked(PIECES[1]!, upload, PIECE),
  );
  assertEquals(await put(json, PIECES[1]!), 200); // and here the client is killed
  const { backend, settings } = service.registry;
  const keys = async () => (await Array.fromAsync(backend.list("uploads/"))).length;
  assertEquals(await keys(), 2);
  const aged = withAge(world.store(), settings.graceMs + 60_000);
  await using later = await openRegistry(aged, { cache: false });
  await collectGarbage(later);
  assertEquals(await keys(), 0);
});

testInPieces("two clients send the same file at once", ["minio", "versitygw"], async (world) => {
  await using service = await serve(world);
  const clients = await Promise.all([0, 1].map(() => openHttpRegistry(service.location)));
  const saved = await Promise.all(clients.map((client) => client.save("a", FILE)));
  assertEquals(saved.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
  for (const { version } of saved) {
    assertEquals(sha256(await clients[0]!.load(`a@${version}`) as Uint8Array), SUM);
  }
});

testInPieces("a client that lies about pieces is refused", REAL_SERVERS, async (world) => {
  await using service = await serve(world);
  const compares = world.server.kind !== "fake-gcs";
  const send = async (upload: string, offset: number, bytes: Uint8Array, other = bytes) => {
    const { status, json } = await service.json(
      "POST",
      "/contents/presign",
      asked(bytes, upload, offset),
    );
    if (status !== 201) return status;
    // A server that refuses may close the connection before it has the body.
    return await put(json as Presigned, other).catch(() => "refused");
  };
  const saved = async (upload: string, more = {}) =>
    (await service.json("POST", "/artifacts/a/versions", save(upload, more))).status;

  const upload = await begin(service.location);
  const others = PIECES.map((piece) => piece.toReversed());
  const isRefused = (status: unknown) => status === "refused" || status === 400 || status === 412;
  if (compares) assert(isRefused(await send(upload, 0, PIECES[0]!, others[0])), "other bytes");
  assertEquals(await send(upload, 0, PIECES[0]!), 200);
  assertEquals(await send(upload, 0, others[0]!), 409, "a piece that has arrived");
  assertEquals(await send(upload, FILE.byteLength - 5, PIECES[0]!), 400, "beyond the end");
  assertEquals(await send("no-upload", 0, PIECES[0]!), 404);
  assertEquals(await saved(upload), 409, "fewer pieces");
  assertEquals(await send(upload, PIECE, others[1]!), 200);
  assertEquals(await send(upload, PIECE * 3, PIECES[3]!), 200);
  assertEquals(await saved(upload), 409, "a gap");
  const elsewhere = await begin(service.location);
  assertEquals(await send(elsewhere, PIECE * 2, PIECES[2]!), 200, "a piece of another upload");
  assertEquals(await saved(upload), 409);
  assertEquals(await send(upload, PIECE * 2, PIECES[2]!), 200);
  assertEquals(await saved(upload), 400, "all pieces, but not those of the digest");
  assertEquals(await service.registry.has("a"), false);
  const whole = [PIECES[0]!, others[1]!, PIECES[2]!, PIECES[3]!];
  const truth = sha256(new Uint8Array(await new Blob(whole as BlobPart[]).arrayBuffer()));
  assertEquals(await saved(upload, { size: 5, sha256: truth }), 400);
  assertEquals(await saved(upload, { sha256: truth }), 201);
  assertEquals((await service.registry.info("a")).files.map((file) => file.sha256), [truth]);
});

testInPieces(
  "a save takes no other pieces than were checked",
  ["minio", "versitygw"],
  async (world) => {
    await using service = await serve(world);
    const upload = await begin(service.location);
    for (const [at, piece] of PIECES.entries()) {
      const sent = asked(piece, upload, at * PIECE);
      const { json } = await service.json("POST", "/contents/presign", sent);
      assertEquals(await put(json, piece), 200);
    }
    const { registry } = service, { backend } = registry;
    const content = await (await openUploads(registry)).source(upload);
    assertEquals(content.sha256, SUM);
    const key = `uploads/${upload}/${PIECE + 1}`;
    await backend.delete(key); // its owner removes it, and sends another one
    await backend.put(key, PIECES[1]!.toReversed(), { mode: "create" });
    const files = [{ path: "data.bin", content }];
    const as = passThrough({ id: "file", formatVersion: 1 }, files);
    const error = await assertRejects(() => registry.save("a", undefined, { as }));
    assert(isRegistryError(error, "NotFound"), `${error}`);
    assertEquals(await registry.has("a"), false);
  },
);

testInPieces("pieces have owners, limits and rights", "minio", async (world) => {
  await using root = await tempRoot();
  const tokens = root.join("t.json");
  const { token } = await createToken(tokens, { scopes: ["save:a", "read:a"] });
  const { token: other } = await createToken(tokens, { scopes: ["save:a"] });
  const { token: reader } = await createToken(tokens, { scopes: ["read:*"] });
  await using service = await serve(world, {
    tokens: await openTokenFile(tokens),
    limits: { maxUploadBytes: FILE.byteLength },
  });
  const upload = await begin(service.location, token);
  const ask = async (by: string) =>
    (await service.json("POST", "/contents/presign", asked(PIECES[0]!, upload, 0), by)).status;
  assertEquals([await ask(reader), await ask(other), await ask(token)], [403, 404, 201]);
  const client = await openHttpRegistry(service.location, { token });
  await client.save("a", FILE);
  await assertRejects(() => client.save("b", FILE));
  await assertRejects(() => client.save("a", noise(FILE.byteLength + 1)));
});

const PYTHON_SAVES = `
import pathlib, sys, holdfast
from holdfast.client import connection, direct
direct.MOST_WHOLE, direct.PIECE = 20 * 2**20, 9 * 2**20
connection.BYTES_MOVED_PER_LIMIT = 2**20
registry = holdfast.connect(sys.argv[1])
opener = registry._connection._opener
opening, limits = opener.open, []
def waits(request, timeout):
    if request.full_url.endswith("/versions"): limits.append(timeout)
    return opening(request, timeout=timeout)
opener.open = waits
send, counts = direct.send_direct, []
def counting(connection, source, size, moved, *rest):
    return send(connection, source, size, lambda count: (counts.append(count), moved(count)), *rest)
direct.send_direct = counting
print(registry.save("p", pathlib.Path(sys.argv[2])).size)
print(registry.save("q", open(sys.argv[2], "rb").read()).size)
print(max(limits) // 60)
print(sum(counts))
`;

testInPieces("Python sends pieces, too", REAL_SERVERS, async (world) => {
  if (python === undefined) return;
  await using root = await tempRoot();
  await using service = await serve(world);
  await Deno.writeFile(root.join("data.bin"), FILE);
  let left = world.server.kind === "fake-gcs" ? 0 : 3;
  world.proxy.plan(({ method, url }) =>
    method === "PUT" && url.includes("X-Amz-Signature") && left-- > 0
      ? { fault: left === 2 ? "refuse" : "cut" }
      : undefined
  );
  const args = [service.location, root.join("data.bin")];
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(PYTHON_SAVES, { args, env });
  // A save waits as long as the service reads the pieces.
  assertEquals(lines, [
    `${FILE.byteLength}`,
    `${FILE.byteLength}`,
    `${1 + FILE.byteLength / MIB | 0}`,
    `${2 * FILE.byteLength}`,
  ]);
  assert(service.received() < 20_000, `${service.received()} bytes`);
  assertEquals(left <= 0, true);
  for (const name of ["p", "q"]) {
    const { files } = await service.registry.info(name);
    assertEquals(files.map(({ sha256 }) => sha256), [SUM], name);
  }
  assertEquals(await Array.fromAsync(service.registry.backend.list("uploads/")), []);
});

const PYTHON_IS_KILLED = `
import os, pathlib, signal, sys, holdfast
from holdfast.client import direct
direct.MOST_WHOLE, direct.PIECE, direct.PIECES_AT_ONCE = 20 * 2**20, 9 * 2**20, 1
most, put, count = int(sys.argv[3]), direct.put, 0
def counting(*args):
    global count
    if count == most: os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    return put(*args)
direct.put = counting
holdfast.connect(sys.argv[1]).save("p", pathlib.Path(sys.argv[2]))
print(count)
`;

testInPieces("a killed program in Python goes on with its pieces", REAL_SERVERS, async (world) => {
  if (python === undefined) return;
  await using root = await tempRoot();
  await using service = await serve(world);
  await Deno.writeFile(root.join("data.bin"), FILE);
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const run = (most: number) => {
    const args = [service.location, root.join("data.bin"), `${most}`];
    return runProgram(PYTHON_IS_KILLED, { args, env });
  };
  await assertRejects(() => run(2));
  assertEquals(await run(4), ["2"]);
  assertEquals((await service.registry.info("p")).files.map(({ sha256 }) => sha256), [SUM]);
  assertEquals(await Array.fromAsync(service.registry.backend.list("uploads/")), []);
  await assertRejects(() => run(1));
  await Deno.writeFile(root.join("data.bin"), FILE.toReversed());
  assertEquals(await run(4), ["4"], "another file of the same size");
});
