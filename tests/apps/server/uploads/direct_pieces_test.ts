// Files that one request cannot have, which clients send to the bucket of a service in pieces.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { type AuditEntry, createToken, openTokenFile } from "../../../../apps/server.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../../mod.ts";
import { openUploads } from "../../../../extensions/transfers/mod.ts";
import { passThrough } from "../../../../apps/server/saving/sent_files.ts";
import { noise } from "../../../registry/registries.ts";
import { python, runProgram } from "../../../python/reader.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { asked, begin, FILE, MIB, PIECE, PIECES, save, SUM, testInPieces } from "./in_pieces.ts";
import { type Presigned, put, serve } from "./serve_bucket.ts";

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

testInPieces("pieces have no more bytes than their upload", REAL_SERVERS, async (world) => {
  await using service = await serve(world);
  const ask = async (upload: string, offset: number, size: number) => {
    const body = { ...asked(FILE.subarray(0, 1), upload, offset), size };
    return (await service.json("POST", "/contents/presign", body)).status;
  };
  const upload = await begin(service.location), most = FILE.byteLength, last = most - 3 * PIECE;
  assertEquals(await ask(upload, 0, PIECE), 201);
  assertEquals(await ask(upload, 3 * PIECE, last), 201);
  const others = [
    [0, most],
    [0, PIECE - 1],
    [1, PIECE],
    [PIECE, 2 * PIECE],
    [PIECE / 2, PIECE],
    [3 * PIECE, last - 1],
    [3 * PIECE, PIECE],
    [4 * PIECE, 1],
  ] as const;
  for (const [offset, size] of others) {
    assertEquals(await ask(upload, offset, size), 400, `${size} bytes at ${offset}`);
  }
  const whole = await service.json("POST", "/contents/presign", { size: most, sha256: SUM });
  assertEquals(await ask(whole.json.upload, PIECE, PIECE), 400, "a piece of what is sent whole");
  for (const pieceBytes of [0, NaN, -PIECE, 0.5]) { // none, or none that can be sent
    const other = await begin(service.location, undefined, pieceBytes);
    for (
      const [offset, size] of [[0, PIECE], [0, most], [PIECE, PIECE], [-PIECE, PIECE]] as const
    ) {
      assertEquals(await ask(other, offset, size), 400, `${size} of ${pieceBytes} at ${offset}`);
    }
  }
  for (const id of [upload, whole.json.upload]) {
    const answer = await fetch(`${service.location}/uploads/${id}`, {
      method: "PATCH",
      headers: {
        "tus-resumable": "1.0.0",
        "upload-offset": "0",
        "content-type": "application/offset+octet-stream",
      },
      body: PIECES[0]! as Uint8Array<ArrayBuffer>,
    });
    assertEquals(answer.status, 400);
    assertMatch((await answer.json()).detail, /its pieces go into the bucket/);
  }
  const held = await Array.fromAsync(service.registry.backend.list("uploads/"));
  assertEquals(held.filter((entry) => "size" in entry && entry.size > 1000), []);
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
  const { token } = await createToken(tokens, { scopes: ["save:a", "read:a"], note: "own" });
  const { token: other } = await createToken(tokens, { scopes: ["save:a"] });
  const { token: reader } = await createToken(tokens, { scopes: ["read:*"], note: "reads" });
  const trail: AuditEntry[] = [];
  await using service = await serve(world, {
    tokens: await openTokenFile(tokens),
    limits: { maxUploadBytes: FILE.byteLength },
    audit: (entry) => void trail.push(entry),
  });
  const upload = await begin(service.location, token);
  const ask = async (by: string) =>
    (await service.json("POST", "/contents/presign", asked(PIECES[0]!, upload, 0), by)).status;
  assertEquals([await ask(reader), await ask(other), await ask(token)], [403, 404, 201]);
  const client = await openHttpRegistry(service.location, { token });
  await client.save("a", FILE);
  const lines = trail.map(({ by, route, version, status, outcome }) =>
    `${by?.name} ${route} ${version} ${status} ${outcome}`
  );
  assertEquals(lines, [
    "reads /contents/presign undefined 403 refused",
    "own /artifacts/:name/versions undefined 204 done", // asks whether it may save
    "own /artifacts/:name/versions 1.0.0 201 done",
  ]);
  assertEquals(JSON.stringify(trail).match(/X-Amz|sha256/), null);
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
