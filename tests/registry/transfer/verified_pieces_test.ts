import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";
import { collectGarbage, openRegistry, openUploads } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, createScriptedBackend } from "../scripted_backend.ts";

const MIB = 1024 * 1024;
const CONTENT = noise(24 * MIB, 1);
const DAMAGED = noise(24 * MIB, 2);

async function* sent(
  bytes: Uint8Array,
  atEnd?: () => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += MIB) yield bytes.subarray(at, at + MIB);
  await atEnd?.();
}

/** The checksum of these bytes. */
function checksumOf(bytes: Uint8Array) {
  const seen = createSha256();
  return {
    update: (chunk: Uint8Array) => seen.update(chunk),
    matches: () => seen.digest() === sha256(bytes),
  };
}

/** A store of uploads, and another process that uses it. */
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

Deno.test("bytes of a killed request never count, whatever is sent in their place", async () => {
  const { uploads, others } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  const stored = Promise.withResolvers<void>();
  const killed = sent(DAMAGED, () => {
    stored.resolve();
    return new Promise(() => {}); // the process ends here, before the checksum was compared
  });
  void uploads.append(id, killed, { offset: 0, verify: checksumOf(CONTENT) });
  await stored.promise;

  const first = CONTENT.subarray(0, 8 * MIB);
  assertEquals((await others.state(id)).offset, 0);
  assertEquals(
    await others.append(id, sent(first), { offset: 0, verify: checksumOf(first) }),
    8 * MIB,
  );
  assertEquals((await others.state(id)).offset, 8 * MIB);
  const rest = CONTENT.subarray(8 * MIB);
  await others.append(id, sent(rest), { offset: 8 * MIB, verify: checksumOf(rest) });
  const source = await others.source(id);
  assertEquals(sha256(await new Response(source.stream()).bytes()), sha256(CONTENT));
});

Deno.test("bytes with a wrong checksum never count, even if they cannot be deleted", async () => {
  const { uploads, others, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.answerAll({ verb: "delete", key: /^uploads\// }, busy);
  await rejected(
    "Invalid",
    uploads.append(id, sent(DAMAGED), { offset: 0, verify: checksumOf(CONTENT) }),
  );
  const first = CONTENT.subarray(0, 8 * MIB);
  await others.append(id, sent(first), { offset: 0, verify: checksumOf(first) });
  assertEquals((await others.state(id)).offset, 8 * MIB);
});

Deno.test("a request that ends between two pieces that matched leaves pieces that may be gone on from", async () => {
  const { uploads, others, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  let puts = 0;
  const died = new Error("killed");
  backend.answerAll({ verb: "put", key: new RegExp(`^uploads/${id}/`) }, (act) => {
    if (++puts > 2) throw died;
    return act();
  });
  backend.answerAll({ verb: "delete", key: /./ }, busy);
  const verify = checksumOf(CONTENT);
  await assertRejects(
    () => uploads.append(id, sent(CONTENT), { offset: 0, verify }),
    Error,
    "killed",
  );
  const { offset } = await others.state(id);
  assertEquals(offset, 16 * MIB);
  await others.append(id, sent(CONTENT.subarray(offset)), { offset });
  const source = await others.source(id);
  assertEquals(sha256(await new Response(source.stream()).bytes()), sha256(CONTENT));
});

Deno.test("what a checked request leaves behind is no upload, and is collected with old uploads", async () => {
  const { uploads, registry, system, store, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.answerAll({ verb: "delete", key: /./ }, busy);
  await rejected(
    "Invalid",
    uploads.append(id, sent(DAMAGED), { offset: 0, verify: checksumOf(CONTENT) }),
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

Deno.test("a checked request of one full piece is stored once", async () => {
  const { uploads, backend } = await createWorld();
  const { id } = await uploads.begin({ size: CONTENT.byteLength });
  backend.forget();
  const first = CONTENT.subarray(0, 8 * MIB);
  await uploads.append(id, sent(first), { offset: 0, verify: checksumOf(first) });
  assertEquals(backend.asked({ verb: "put" }), [`put uploads/${id}/1`]);
});
