// Clients that stop, are killed, or meet a bucket that refuses, while they send pieces of a file.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { REQUESTS } from "../../../../apps/client/uploads/direct.ts";
import { collectGarbage } from "../../../../apps/maintenance.ts";
import { realSystem } from "../../../../core/system.ts";
import { isRegistryError, localPath, openRegistry } from "../../../../mod.ts";
import { python, runProgram } from "../../../python/reader.ts";
import { withAge } from "../../../registry/with_age.ts";
import type { WireRequest } from "../../../support/proxy.ts";
import { runDenoCommand } from "../../../support/run_deno.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { asked, begin, FILE, MIB, PIECE, PIECES, SUM, testInPieces } from "./in_pieces.ts";
import { put, serve } from "./serve_bucket.ts";

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

/** The answer of a bucket to a URL that has expired, or when it is full. */
const refused = (status: number, code: string) => ({
  fault: "answer" as const,
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
});
const isPiece = ({ method, url }: WireRequest) =>
  method === "PUT" && url.includes("X-Amz-Signature");

testInPieces("a client asks again for a URL that has expired", "minio", async (world) => {
  await using service = await serve(world);
  let expired = 3, sent = 0;
  world.proxy.plan((request) => {
    if (!isPiece(request)) return;
    sent++;
    return expired-- > 0 ? refused(403, "AccessDenied") : undefined;
  });
  const client = await openHttpRegistry(service.location);
  await client.save("a", FILE);
  const asked = service.requests.filter((each) => each === "POST /contents/presign");
  assertEquals([sent, asked.length], [4 + 3, 4 + 3]);
  assert(service.received() < 20_000, `${service.received()} bytes`);
  assertEquals((await service.registry.info("a")).files.map((file) => file.sha256), [SUM]);
});

testInPieces("a full bucket fails a save in pieces, and holds none", "minio", async (world) => {
  await using service = await serve(world);
  let left = 2;
  world.proxy.plan(({ method, headers }) =>
    method === "PUT" && Number(headers["content-length"]) > MIB && left-- <= 0
      ? refused(507, "XMinioStorageFull")
      : undefined
  );
  const client = await openHttpRegistry(service.location, { retryForMs: 0 });
  const error = await assertRejects(() => client.save("a", FILE));
  assert(isRegistryError(error, "Unavailable"), `${error}`);
  assertMatch(error.message, /the store is full/);
  world.proxy.plan();
  assertEquals(await service.registry.has("a"), false);
  const held = await Array.fromAsync(service.registry.backend.list("uploads/"));
  assertEquals(held.filter((entry) => "size" in entry && entry.size > 1000), []);
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

testInPieces("a save that failed goes on with its pieces", "minio", async (world) => {
  await using root = await tempRoot();
  await using service = await serve(world);
  const file = root.join("data.bin");
  await Deno.writeFile(file, FILE);
  const env = (name: string) => name === "HOLDFAST_CACHE" ? root.join("cache") : undefined;
  const client = await openRegistry(service.location, {
    cache: false,
    system: { ...realSystem, env },
  });
  REQUESTS.piecesAtOnce = 1;
  let sent = 0;
  const stop = new AbortController();
  world.proxy.plan((request) => {
    if (isPiece(request) && ++sent === 2) stop.abort(new Error("stopped"));
    return undefined;
  });
  const { signal } = stop;
  await assertRejects(() => client.save("a", localPath(file), { signal }), Error, "stopped");
  sent = 2;
  const saved = await Promise.all([0, 1].map(() => client.save("a", localPath(file))));
  assert(sent < 2 + 8, "one of them goes on");
  assertEquals(saved.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
  await client.close();
});

testInPieces("a killed program goes on with its pieces", REAL_SERVERS, async (world) => {
  await using root = await tempRoot();
  await using service = await serve(world);
  const file = root.join("data.bin"), cache = root.join("cache");
  await Deno.writeFile(file, FILE);
  const run = async (most: number, env: Record<string, string> = {}) => {
    const program = fromFileUrl(import.meta.resolve("./killed_sender.ts"));
    const args = ["run", "-A", "--no-check", program, service.location, file, `${most}`];
    const ran = await runDenoCommand(args, {
      env: { HOLDFAST_CACHE: cache, NO_COLOR: "1", ...env },
    });
    return ran.code === 0 ? `${ran.stdout.trim()} known` : `killed${ran.stderr}`;
  };
  const held = async () => {
    const listed = await Array.fromAsync(service.registry.backend.list("uploads/"));
    return listed.filter((entry) => "size" in entry && entry.size > MIB).length;
  };
  assertEquals([await run(2), await held()], ["killed", 2]);
  assertEquals([await run(4), await held()], ["2 known", 0]);
  assertEquals((await service.registry.info("p")).files.map(({ sha256 }) => sha256), [SUM]);
  if (world.server.kind !== "minio") return;
  assertEquals(await run(4), "0 known", "the upload of a saved file is gone");
  assertEquals(await run(1), "killed");
  await Deno.writeFile(file, FILE.toReversed());
  assertEquals(await run(4), "0 known", "another file of the same size");
  assertEquals(await run(1), "killed");
  for await (const { name } of Deno.readDir(`${cache}/uploads`)) {
    const note = `${cache}/uploads/${name}`, text = await Deno.readTextFile(note);
    await Deno.writeTextFile(note, text.replace(/^.*/, "../artifacts/p"));
  }
  assertEquals(await run(4), "0 known", "a damaged note");
  assertEquals(await run(1, { HOLDFAST_CACHE: "/proc" }), "killed");
  assertEquals(await run(4, { HOLDFAST_CACHE: "/proc" }), "0 known", "without a cache");
});
