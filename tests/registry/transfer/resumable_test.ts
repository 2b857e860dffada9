import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { openUploads, type UploadSource } from "../../../registry/uploads.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, createScriptedBackend, lostReply } from "../scripted_backend.ts";

const MIB = 1024 * 1024;
const GONE = new Error("connection reset");

/** Yields bytes in chunks; then fails with `error`. */
async function* sent(
  bytes: Uint8Array,
  { chunk = 100_000, error }: { chunk?: number; error?: Error } = {},
) {
  for (let at = 0; at < bytes.byteLength; at += chunk) yield bytes.subarray(at, at + chunk);
  if (error !== undefined) throw error;
}

async function bytesOf(source: UploadSource): Promise<Uint8Array> {
  return new Uint8Array(await new Response(source.stream()).arrayBuffer());
}

function wanting(digest: string) {
  const seen = createSha256();
  return {
    update: (bytes: Uint8Array) => seen.update(bytes),
    matches: () => seen.digest() === digest,
  };
}

testOnEach("an upload continues and is saved like a file", async ({ registry, backend }) => {
  const uploads = await openUploads(registry);
  const content = noise(700_000);
  const { id, offset, expiresAt, beganAt } = await uploads.begin({
    size: content.byteLength,
    owner: "me",
  });
  assertEquals([offset, expiresAt.getTime() - beganAt.getTime()], [0, registry.settings.graceMs]);
  const cut = sent(content.subarray(0, 250_000), { error: GONE });
  const error = await assertRejects(() => uploads.append(id, cut, { offset: 0 }));
  assertEquals(error, GONE);

  const state = await uploads.state(id);
  assertEquals([state.offset, state.size, state.owner], [250_000, 700_000, "me"]);
  await rejected("Conflict", uploads.source(id));
  assertEquals(
    await uploads.append(id, sent(content.subarray(250_000)), { offset: 250_000 }),
    700_000,
  );

  const source = await uploads.source(id);
  assertEquals([source.size, source.owner], [700_000, "me"]);
  await registry.save("data", new Uint8Array(), {
    materializer: {
      id: "file",
      formatVersion: 1,
      save: () => [{ path: "data.bin", content: source }],
      load: () => undefined,
    },
  });
  assertEquals(await (await registry.open("data")).file("data.bin").bytes(), content);
  await uploads.remove(id);
  assertEquals(await keysOf(backend, "uploads/"), []);
  await rejected("NotFound", uploads.state(id));
  await uploads.remove(id);
}, {});

testInMemory("concurrent uploads share their memory", async ({ registry, backend }) => {
  const uploads = await openUploads(registry);
  const begun = await Promise.all(
    Array.from({ length: 256 }, () => uploads.begin({ size: 3 * MIB })),
  );
  const content = new Uint8Array(3 * MIB);
  let waiting = 0;
  const all = Promise.withResolvers<void>();
  async function* together() {
    if (++waiting === begun.length) all.resolve();
    await all.promise; // none ends before
    yield* sent(content);
  }
  await Promise.all(begun.map(({ id }) => uploads.append(id, together(), { offset: 0 })));
  const sizes: number[] = [];
  for await (const entry of backend.list(`uploads/${begun[0].id}/`)) {
    if ("key" in entry) {
      sizes.push(entry.size);
    }
  }
  assert(Math.max(...sizes) < MIB, `${sizes}`);
});

testInMemory("two clients of one upload never mix bytes", async ({ registry }) => {
  const uploads = await openUploads(registry);
  const content = noise(500_000);
  const { id } = await uploads.begin({ size: content.byteLength });
  const both = await Promise.allSettled([
    uploads.append(id, sent(content.subarray(0, 200_000)), { offset: 0 }),
    uploads.append(id, sent(content.subarray(0, 300_000)), { offset: 0 }),
  ]);
  assertEquals(both.filter(({ status }) => status === "fulfilled").length, 1);
  const lost = both.find((outcome) => outcome.status === "rejected")!;
  await rejected("Conflict", Promise.reject(lost.reason));

  const { offset } = await uploads.state(id);
  await rejected("Conflict", uploads.append(id, sent(content), { offset: offset - 1 }));
  await rejected("Conflict", uploads.append(id, sent(content), { offset: offset + 1 }));
  await uploads.append(id, sent(content.subarray(offset)), { offset });
  assertEquals(await bytesOf(await uploads.source(id)), content);
});

testInMemory("more bytes than declared are refused", async ({ registry }) => {
  const uploads = await openUploads(registry);
  const { id } = await uploads.begin({ size: 10 });
  await rejected("Invalid", uploads.append(id, sent(noise(11)), { offset: 0 }));
  assertEquals(await uploads.append(id, sent(noise(10)), { offset: 0 }), 10);
  for (const size of [-1, 1.5, NaN, 2 ** 53]) await rejected("Invalid", uploads.begin({ size }));
  await rejected("Invalid", uploads.begin({ size: 1, metadata: { long: "x".repeat(70_000) } }));
});

testInMemory("bytes with a wrong checksum do not count", async ({ registry, backend }) => {
  const uploads = await openUploads(registry);
  const content = noise(1000);
  const large = new Uint8Array(9 * MIB);
  const { id } = await uploads.begin({ size: 1000 + large.byteLength });
  const refused = uploads.append(id, sent(content), {
    offset: 0,
    verify: wanting(sha256("other")),
  });
  await rejected("Invalid", refused);
  assertEquals((await uploads.state(id)).offset, 0);
  await uploads.append(id, sent(content), { offset: 0, verify: wanting(sha256(content)) });
  const before = await keysOf(backend, "uploads/");

  const wrong = { update: () => {}, matches: () => false };
  await rejected("Invalid", uploads.append(id, sent(large), { offset: 1000, verify: wrong }));
  const cut = sent(large, { error: GONE });
  await assertRejects(() =>
    uploads.append(id, cut, { offset: 1000, verify: { ...wrong, matches: () => true } })
  );
  assertEquals(await keysOf(backend, "uploads/"), before);
  assertEquals((await uploads.state(id)).offset, 1000);
});

testInMemory("a received stream is kept with its digest, or not", async ({ registry, backend }) => {
  const uploads = await openUploads(registry);
  const content = noise(300_000);
  const taken = await uploads.receive(sent(content), { owner: "me" });
  assertEquals([taken.size, taken.sha256, taken.offset], [300_000, sha256(content), 300_000]);
  const source = await uploads.source(taken.id);
  assertEquals([await bytesOf(source), source.sha256, source.owner], [content, taken.sha256, "me"]);
  const empty = await uploads.receive(sent(new Uint8Array()));
  assertEquals([empty.size, empty.sha256], [0, sha256("")]);

  const before = await keysOf(backend, "uploads/");
  await assertRejects(() => uploads.receive(sent(content, { error: GONE })), Error, "reset");
  await rejected("Invalid", uploads.receive(sent(content), { size: 300_001 }));
  await rejected("Invalid", uploads.receive(sent(content), { size: 299_999 }));
  assertEquals(await keysOf(backend, "uploads/"), before);
});

Deno.test("lost replies are retried, and a piece counts once", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = await openRegistry(backend, { system: createScriptedSystem() });
  const uploads = await openUploads(registry);
  const { id } = await uploads.begin({ size: 100 });
  backend.answer({ verb: "put", key: /uploads/ }, busy, lostReply);
  assertEquals(await uploads.append(id, sent(noise(100)), { offset: 0 }), 100);
  assertEquals(await bytesOf(await uploads.source(id)), noise(100));
});

Deno.test("old uploads are garbage collected", async () => {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const registry = await openRegistry(backend, { system, graceMs: 3_600_000 });
  const uploads = await openUploads(registry);
  const { id } = await uploads.begin({ size: 200 });
  system.advance(3_000_000);
  await uploads.append(id, sent(noise(100)), { offset: 0 });
  system.advance(1_000_000);
  await collectGarbage(registry);
  await rejected("NotFound", uploads.state(id));
  system.advance(3_000_000);
  await collectGarbage(registry);
  assertEquals(await keysOf(backend, "uploads/"), []);
});

testInMemory("invalid ids and notes are not uploads", async ({ registry, backend }) => {
  const uploads = await openUploads(registry);
  for (const id of ["", "..", "x", "../../settings", "00000000-0000-0000-0000-000000000000/0"]) {
    await rejected("NotFound", uploads.state(id));
    await uploads.remove(id);
  }
  const { id } = await uploads.begin({ size: 3 });
  const wrong = [
    "{}",
    "no",
    "[]",
    `{"holdfast":"upload","size":-1}`,
    `{"holdfast":"upload","size":1,"owner":3}`,
  ];
  const texts = [...wrong, `{"holdfast":"upload","size":1,"metadata":{"a":1}}`, "x".repeat(70_000)];
  for (const text of texts) {
    await backend.put(`uploads/${id}/0`, new TextEncoder().encode(text));
    await rejected("NotFound", uploads.state(id));
  }
});

testInMemory("a read-only registry accepts no uploads", async ({ open }) => {
  const uploads = await openUploads(await open({ readOnly: true }));
  await rejected("Denied", uploads.begin({ size: 1 }));
  await rejected("Denied", uploads.receive(sent(noise(1))));
});

const CONTENT = noise(24 * MIB, 1);
const DAMAGED = noise(24 * MIB, 2);

async function* sentUntil(
  bytes: Uint8Array,
  atEnd?: () => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += MIB) yield bytes.subarray(at, at + MIB);
  await atEnd?.();
}

/** A store of uploads that another process uses too. */
async function createWorld() {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const backend = createScriptedBackend(store);
  const registry = await openRegistry(backend, { system });
  const other = await openRegistry(store, { system });
  return {
    system,
    store,
    backend,
    registry,
    uploads: await openUploads(registry),
    others: await openUploads(other),
  };
}

Deno.test("bytes of a killed request never count", async () => {
  const { uploads, others } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  const stored = Promise.withResolvers<void>();
  const killed = sentUntil(DAMAGED, () => {
    stored.resolve();
    return new Promise(() => {}); // the process ends before the comparison
  });
  void uploads.append(id, killed, { offset: 0, verify: wanting(sha256(CONTENT)) });
  await stored.promise;

  const first = CONTENT.subarray(0, 8 * MIB);
  assertEquals((await others.state(id)).offset, 0);
  assertEquals(
    await others.append(id, sentUntil(first), { offset: 0, verify: wanting(sha256(first)) }),
    8 * MIB,
  );
  assertEquals((await others.state(id)).offset, 8 * MIB);
  const rest = CONTENT.subarray(8 * MIB);
  await others.append(id, sentUntil(rest), { offset: 8 * MIB, verify: wanting(sha256(rest)) });
  const source = await others.source(id);
  assertEquals(sha256(await new Response(source.stream()).bytes()), sha256(CONTENT));
});

Deno.test("bytes with a wrong checksum never count, even if undeletable", async () => {
  const { uploads, others, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.answerAll({ verb: "delete", key: /^uploads\// }, busy);
  await rejected(
    "Invalid",
    uploads.append(id, sentUntil(DAMAGED), { offset: 0, verify: wanting(sha256(CONTENT)) }),
  );
  const first = CONTENT.subarray(0, 8 * MIB);
  await others.append(id, sentUntil(first), { offset: 0, verify: wanting(sha256(first)) });
  assertEquals((await others.state(id)).offset, 8 * MIB);
});

Deno.test("verified pieces of a killed request can be continued", async () => {
  const { uploads, others, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  let puts = 0;
  const died = new Error("killed");
  backend.answerAll({ verb: "put", key: new RegExp(`^uploads/${id}/`) }, (act) => {
    if (++puts > 2) throw died;
    return act();
  });
  backend.answerAll({ verb: "delete", key: /./ }, busy);
  const verify = wanting(sha256(CONTENT));
  await assertRejects(
    () => uploads.append(id, sentUntil(CONTENT), { offset: 0, verify }),
    Error,
    "killed",
  );
  const { offset } = await others.state(id);
  assertEquals(offset, 16 * MIB);
  await others.append(id, sentUntil(CONTENT.subarray(offset)), { offset });
  const source = await others.source(id);
  assertEquals(sha256(await new Response(source.stream()).bytes()), sha256(CONTENT));
});

Deno.test("unverified pieces are not an upload, and are collected", async () => {
  const { uploads, registry, system, store, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.answerAll({ verb: "delete", key: /./ }, busy);
  await rejected(
    "Invalid",
    uploads.append(id, sentUntil(DAMAGED), { offset: 0, verify: wanting(sha256(CONTENT)) }),
  );
  backend.heal();
  const folders = new Set((await keysOf(store, "uploads/")).map((key) => key.split("/")[1]));
  for (const folder of folders) {
    if (folder !== id) await rejected("NotFound", uploads.state(folder));
  }
  system.advance(2 * registry.settings.graceMs);
  await collectGarbage(registry);
  assertEquals(await keysOf(store, "uploads/"), []);
});

Deno.test("a verified request of one full piece is stored once", async () => {
  const { uploads, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.forget();
  const first = CONTENT.subarray(0, 8 * MIB);
  await uploads.append(id, sentUntil(first), { offset: 0, verify: wanting(sha256(first)) });
  assertEquals(backend.asked({ verb: "put" }), [`put uploads/${id}/1`]);
});
