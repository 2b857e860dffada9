import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { openUploads, type UploadSource } from "../../../extensions/transfers/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { busy, createScriptedBackend, lostReply } from "../../registry/scripted_backend.ts";

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
    as: {
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
    Array.from({ length: 256 }, () => uploads.begin({ size: MIB + 1 })),
  );
  const content = new Uint8Array(MIB + 1); // alone, it would be one piece
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
