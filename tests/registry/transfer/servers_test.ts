import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import {
  commitUpload,
  createUpload,
  openUploads,
  presignDownload,
} from "../../../registry/uploads.ts";
import type { StoredRegistry } from "../../../mod.ts";
import type { UploadTarget } from "../../../registry/uploads.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { System } from "../../../core/system.ts";
import { REAL_SERVERS, S3_SERVERS } from "../../support/servers/mod.ts";
import { createRegistry } from "../create_registry.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { type ServerWorld, testOnServers } from "../../servers/server_world.ts";
import { SIGNING_KEY } from "../../backends/gcs/signing_key.ts";

const LARGE = noise(300_000, 2), SMALL = noise(100, 3);

function open({ store }: ServerWorld, system?: System): Promise<StoredRegistry> {
  return createRegistry(store({ system, gcs: { credentials: SIGNING_KEY } }), { cache: false });
}

/** Sends a file as a browser does; returns the status of the reply. */
async function send({ url, method, headers }: UploadTarget, bytes: Uint8Array): Promise<number> {
  const reply = await fetch(url, { method, headers, body: bytes as Uint8Array<ArrayBuffer> });
  await reply.body?.cancel();
  return reply.status;
}

/** Fetches a URL; undefined if refused. */
async function get(url: string): Promise<{ bytes: Uint8Array; headers: Headers } | undefined> {
  const reply = await fetch(url);
  const bytes = new Uint8Array(await reply.arrayBuffer());
  return reply.ok ? { bytes, headers: reply.headers } : undefined;
}

testOnServers("a browser uploads and downloads files", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  const files = [
    {
      path: "site/large.bin",
      mediaType: "application/x-model",
      size: LARGE.byteLength,
      sha256: sha256(LARGE),
    },
    { path: "site/small é.txt" },
  ];
  const upload = await createUpload(registry, { files, expiresInMs: 60_000 });
  assertEquals(await send(upload.files[0], LARGE), 200);
  assertEquals(await send(upload.files[1], SMALL), 200);
  const saved = await commitUpload(registry, upload, { name: "site" });
  assertEquals([saved.version, saved.size], ["1.0.0", 300_100]);
  assertEquals(await keysOf(registry.backend, "uploads/"), []);
  assertEquals((await commitUpload(registry, upload, { name: "site" })).commit, saved.commit);

  const artifact = await registry.open("site");
  assertEquals(await artifact.file("site/large.bin").bytes(), LARGE);
  for (const [path, bytes] of [["site/large.bin", LARGE], ["site/small é.txt", SMALL]] as const) {
    const { url, file } = await presignDownload(registry, "site", {
      path,
      fileName: `naïve "1".bin`,
      expiresInMs: 60_000,
    });
    const fetched = await get(url);
    assertEquals(fetched?.bytes, bytes);
    assertEquals(file.sha256, sha256(fetched!.bytes));
    if (world.server.kind !== "fake-gcs") {
      assertMatch(fetched!.headers.get("content-disposition")!, /^attachment; .*na%C3%AFve/);
    }
  }
});

testOnServers("modified URLs are refused", S3_SERVERS, async (world) => {
  const registry = await open(world);
  const upload = await createUpload(registry, {
    files: [{ path: "a.bin", mediaType: "text/plain" }],
    expiresInMs: 60_000,
  });
  const [target] = upload.files;
  const elsewhere = {
    ...target,
    url: target.url.replace(`uploads/${upload.id}/0`, "settings/0000000000000000.rec"),
  };
  assertNotEquals(elsewhere.url, target.url);
  assertEquals(await send(elsewhere, SMALL), 403);
  assertEquals(
    await send({ ...target, url: target.url.replace(/Expires=\d+/, "Expires=6000") }, SMALL),
    403,
  );
  assertEquals(await send({ ...target, headers: { "content-type": "text/html" } }, SMALL), 403);
  assertEquals((await keysOf(registry.backend, "settings/")).length, 1);
  assertEquals(await keysOf(registry.backend, "uploads/"), []);
  assertEquals(await get(target.url), undefined); // for writing only
  assertEquals(await send(target, LARGE), 200);
  await commitUpload(registry, upload, { name: "data" });

  const { url } = await presignDownload(registry, "data", { expiresInMs: 60_000 });
  assertEquals((await get(url))?.bytes, LARGE);
  assertEquals(await get(url.replace(/objects[^?]*/, "settings/9007199254740990.rec")), undefined);
  const forged = url.replace(
    /Signature=(.)/,
    (_, digit) => `Signature=${digit === "0" ? "1" : "0"}`,
  );
  assertEquals(await get(forged), undefined);
  assert(await send({ ...target, url }, SMALL) === 403);
  assertEquals(await (await registry.open("data")).file("a.bin").bytes(), LARGE);
});

testOnServers("wrong content is refused, late content ignored", S3_SERVERS, async (world) => {
  const registry = await open(world);
  const upload = await createUpload(registry, {
    files: [{ path: "a.bin", sha256: sha256(LARGE) }],
    expiresInMs: 60_000,
  });
  await send(upload.files[0], noise(300_000, 7));
  await rejected("Invalid", commitUpload(registry, upload, { name: "data" }), /SHA-256/);
  assertEquals(await keysOf(registry.backend, "objects/"), []);
  await send(upload.files[0], LARGE);
  await commitUpload(registry, upload, { name: "data" });
  assertEquals(await send(upload.files[0], SMALL), 200);
  assertEquals(await (await registry.open("data")).file("a.bin").bytes(), LARGE);
});

testOnServers("an upload in pieces continues", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  const uploads = await openUploads(registry);
  const content = noise(9 * 1024 * 1024, 4);
  const { id } = await uploads.begin({ size: content.byteLength });
  async function* broken() {
    yield content.subarray(0, 8_500_000);
    throw new Error("connection reset");
  }
  await assertRejects(() => uploads.append(id, broken(), { offset: 0 }), Error, "connection reset");
  const { offset } = await uploads.state(id);
  assertEquals(offset, 8_500_000);
  const rest = () => ReadableStream.from([content.subarray(offset)]);
  await uploads.append(id, rest(), { offset });
  await rejected("Conflict", uploads.append(id, rest(), { offset }));
  const source = await uploads.source(id);
  assertEquals(
    sha256(new Uint8Array(await new Response(source.stream()).arrayBuffer())),
    sha256(content),
  );
  await uploads.remove(id);
  assertEquals(await keysOf(registry.backend, "uploads/"), []);
});
