// Uploads straight into the bucket, on real servers: what their URLs take, and what a save moves.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openUploads, presignDownload, presignUpload } from "../../../extensions/transfers/mod.ts";
import { collectGarbage } from "../../../apps/maintenance.ts";
import type { StoredRegistry } from "../../../mod.ts";
import type { Backend } from "../../../core/backend.ts";
import { crc32c, sha256 } from "../../../core/bytes/digest.ts";
import { encodeCrc32c } from "../../../backends/gcs/encode_crc32c.ts";
import type { FileSource } from "../../../core/materializer.ts";
import { realSystem } from "../../../core/system.ts";
import { SIGNING_KEY } from "../../backends/gcs/signing_key.ts";
import { createRegistry } from "../../registry/create_registry.ts";
import { noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { type ServerWorld, testOnServers } from "../../servers/server_world.ts";
import { passThrough } from "../../../apps/server/saving/sent_files.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { loaded, PATH, statesOf, VALUES } from "../../registry/payload/weights/training.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";

const CONTENT = noise(9_000_000, 3);
const OTHER = noise(9_000_000, 4);
/** The servers that compare a SHA-256. */
const COMPARING = ["minio", "versitygw"] as const;

function asked(content: Uint8Array) {
  return {
    size: content.byteLength,
    sha256: sha256(content),
    crc32c: encodeCrc32c(crc32c(content)),
  };
}

function open(world: ServerWorld, backend?: Backend): Promise<StoredRegistry> {
  return createRegistry(backend ?? world.store({ gcs: { credentials: SIGNING_KEY } }), {
    cache: false,
  });
}

async function put(
  { url, headers }: { url: string; headers: Record<string, string> },
  content: Uint8Array,
  more: Record<string, string> = {},
): Promise<number> {
  const body = content as Uint8Array<ArrayBuffer>;
  const answer = await fetch(url, { method: "PUT", headers: { ...headers, ...more }, body });
  await answer.body?.cancel();
  return answer.status;
}

async function saveFrom(registry: StoredRegistry, name: string, content: FileSource) {
  const files = [{ path: "data.bin", content }];
  return await registry.save(name, undefined, {
    as: passThrough({ id: "file", formatVersion: 1 }, files),
  });
}

testOnServers("a program without credentials uploads a file", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  const upload = await presignUpload(registry, asked(CONTENT));
  const uploads = await openUploads(registry);
  assertEquals((await uploads.state(upload.upload)).offset, 0);
  await rejected("Conflict", uploads.source(upload.upload));
  assertEquals(await put(upload, CONTENT), 200);
  const source = await uploads.source(upload.upload);
  assertEquals([source.size, source.sha256], [CONTENT.byteLength, sha256(CONTENT)]);
  await saveFrom(registry, "model", source);
  await uploads.remove(upload.upload);
  const file = (await registry.open("model")).file("data.bin");
  assertEquals(file.info.sha256, sha256(CONTENT));
  assertEquals(sha256(await file.bytes()), sha256(CONTENT));
});

/** Sends half of the content, as a program that is killed then. */
async function sendHalf({ url, headers }: { url: string; headers: Record<string, string> }) {
  const { hostname, port, host, pathname, search } = new URL(url);
  const fields = { host, "content-length": `${CONTENT.byteLength}`, ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `PUT ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  const socket = await Deno.connect({ hostname, port: Number(port) });
  try {
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode(head));
    await writer.write(CONTENT.subarray(0, CONTENT.byteLength / 2));
  } finally {
    socket.close();
  }
}

testOnServers("an upload whose sender died can be sent again", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  const upload = await presignUpload(registry, asked(CONTENT));
  await sendHalf(upload);
  const uploads = await openUploads(registry);
  assertEquals((await uploads.state(upload.upload)).offset, 0);
  await rejected("Conflict", uploads.source(upload.upload));
  assertEquals(await put(upload, CONTENT), 200, "the same URL");
  await saveFrom(registry, "model", await uploads.source(upload.upload));
  assertEquals(
    sha256(await (await registry.open("model")).file("data.bin").bytes()),
    sha256(CONTENT),
  );
});

testOnServers(
  "an upload whose sender died leaves a note that waits",
  REAL_SERVERS,
  async (world) => {
    const registry = await open(world);
    const upload = await presignUpload(registry, asked(CONTENT));
    await sendHalf(upload);
    const listed = await Array.fromAsync(registry.backend.list("uploads/"));
    const keys = listed.map((entry) => "key" in entry ? entry.key : entry.prefix);
    const waiting: string[] = [];
    await collectGarbage(registry, { onWaiting: ({ key }) => void waiting.push(key) });
    assertEquals([keys, waiting], [[`uploads/${upload.upload}/0`], keys]);
  },
);

testOnServers("a save takes no other bytes than were checked", COMPARING, async (world) => {
  const registry = await open(world);
  const uploads = await openUploads(registry);
  for (const [name, size] of [["large", CONTENT.byteLength], ["small", 100_000]] as const) {
    const content = CONTENT.subarray(0, size);
    const upload = await presignUpload(registry, asked(content));
    assertEquals(await put(upload, content), 200);
    const source = await uploads.source(upload.upload);
    const key = `uploads/${upload.upload}/1`;
    await registry.backend.delete(key); // its owner removes it, and sends another one
    await registry.backend.put(key, OTHER.subarray(0, size), { mode: "create" });
    await rejected("NotFound", saveFrom(registry, name, source));
    assertEquals(await registry.has(name), false);
  }
});

testOnServers("a saved file has no encoding that its sender claimed", COMPARING, async (world) => {
  const registry = await open(world);
  const upload = await presignUpload(registry, asked(CONTENT));
  assertEquals(await put(upload, CONTENT, { "content-encoding": "gzip" }), 200);
  await saveFrom(registry, "a", await (await openUploads(registry)).source(upload.upload));
  const { url } = await presignDownload(registry, "a");
  const answer = await fetch(url); // would decode it
  assertEquals(answer.headers.get("content-encoding"), null);
  assertEquals(sha256(await answer.bytes()), sha256(CONTENT));
});

testOnServers("a copy names the tag that was checked", "fake-gcs", async (world) => {
  const backend = world.proxied();
  await backend.put("from", OTHER);
  const { etag } = (await backend.head("from"))!;
  await backend.copy!("from", "to", { ifEtag: etag });
  const sent = world.proxy.requests.filter(({ url }) => url.includes("/rewriteTo/"));
  const tags = sent.map(({ url }) => new URL(url, "http://a").searchParams);
  const sentTags = tags.map((query) => query.get("ifSourceGenerationMatch"));
  assertEquals(sentTags, [etag!]); // this server ignores it
});

testOnServers("a save reads no byte that the store has compared", COMPARING, async (world) => {
  const registry = await open(world, world.proxied());
  const upload = await presignUpload(registry, asked(CONTENT));
  assertEquals(await put(upload, CONTENT), 200);
  const from = world.proxy.requests.length;
  const source = await (await openUploads(registry)).source(upload.upload);
  await saveFrom(registry, "model", source);
  const sent = world.proxy.requests.slice(from);
  const ofUpload = sent.filter(({ url }) => url.includes(`uploads/${upload.upload}/1`));
  assertEquals(ofUpload.map(({ method }) => method), ["HEAD", "HEAD"]);
  const copies = sent.filter(({ headers }) => headers["x-amz-copy-source"] !== undefined);
  assertEquals(copies.length, 1);
});

testOnServers("a URL takes its bytes only, once, and for its key", COMPARING, async (world) => {
  const registry = await open(world);
  const upload = await presignUpload(registry, asked(CONTENT));
  const { pathname } = new URL(upload.url);
  const elsewhere = { ...upload, url: upload.url.replace(pathname, `${pathname}0`) };
  const { "x-amz-checksum-sha256": _, ...unchecked } = upload.headers;
  const otherSum = { "x-amz-checksum-sha256": btoa("x".repeat(32)) };
  // Refused before they are read: the length is signed.
  assertEquals(await put(upload, CONTENT.subarray(1)), 403);
  assertEquals(await put(upload, new Uint8Array(CONTENT.byteLength + 1)), 403);
  for (
    const refused of [
      put(upload, OTHER),
      put(upload, CONTENT, otherSum),
      put({ ...upload, headers: unchecked }, CONTENT),
      put(elsewhere, CONTENT),
      put({ ...upload, url: `${upload.url}&acl` }, CONTENT),
    ]
  ) assertMatch(String(await refused), /^40[03]$/);
  assertEquals((await (await openUploads(registry)).state(upload.upload)).offset, 0);
  assertEquals(await put(upload, CONTENT), 200);
  assertEquals(await put(upload, CONTENT), 412, "an object of an upload is never replaced");
});

testOnServers("a URL copies no object of others", COMPARING, async (world) => {
  const registry = await open(world);
  await registry.backend.put("names/secret", OTHER);
  const upload = await presignUpload(registry, asked(OTHER)); // who knows the digest alone
  const path = new URL(upload.url).pathname.replace(/uploads\/.*/, "names/secret");
  for (const source of [path, path.slice(1)]) {
    const status = await put(upload, OTHER, { "x-amz-copy-source": source });
    assert(status === 403 || status === 412, `${status}`);
  }
  const { "x-amz-copy-source-if-match": _, ...headers } = upload.headers;
  assertMatch(
    String(await put({ ...upload, headers }, OTHER, { "x-amz-copy-source": path })),
    /^40[03]$/,
  );
  assertEquals((await (await openUploads(registry)).state(upload.upload)).offset, 0);
});

testOnServers("an expired URL takes nothing", COMPARING, async (world) => {
  let behindMs = 0;
  const system = { ...realSystem, now: () => realSystem.now() - behindMs };
  const registry = await open(world, world.store({ system }));
  behindMs = 3_600_000; // since the last reply of the store
  const upload = await presignUpload(registry, asked(CONTENT));
  assertEquals(await put(upload, CONTENT), 403);
});

testOnServers("bytes that the store does not compare are read", "fake-gcs", async (world) => {
  const registry = await open(world);
  const upload = await presignUpload(registry, asked(CONTENT));
  assertMatch(upload.headers["x-goog-hash"]!, /^crc32c=/);
  assertEquals(upload.headers["x-goog-content-length-range"], "9000000,9000000");
  assertEquals(await put(upload, OTHER), 200, "this server compares nothing");
  const source = await (await openUploads(registry)).source(upload.upload);
  assertEquals(source.sha256, sha256(OTHER), "its own digest, whatever was said");
});

testOnServers("a service stores an upload in the bucket by values", COMPARING, async (world) => {
  const registry = await open(world);
  const handler = createCheckedHandler(registry, { redirect: true });
  let direct = 0;
  const send = (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url.includes("presign")) direct++;
    return handler(request);
  };
  const remote = await openHttpRegistry("http://localhost", { fetch: send });
  const states = statesOf(2);
  const added = [];
  for (const state of states) {
    const saved = await remote.save("a", { [PATH]: state }, VALUES);
    added.push(saved.addedBytes! / state.length);
  }
  assert(direct > 0, "the client sent to the bucket");
  assert(added[1]! < 0.3, String(added));
  for (const [i, state] of states.entries()) {
    assertEquals(await loaded(registry, `a@${i + 1}`), state);
  }
  await handler.close();
});
