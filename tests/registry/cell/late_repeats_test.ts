// A record that landed late refers to payload that a collector may be removing. So a repeat does not
// return it, but writes the version again, above it.
import { assertEquals, assertNotEquals } from "@std/assert";
import type { SavedArtifact, StoredRegistry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { filler, GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { busy, doing, late } from "../scripted_backend.ts";

const RECORD = { verb: "put", mode: "create", key: /versions/ } as const;
const READ_RECORD = { verb: "get", key: /versions/ } as const;
const VALUE = filler("value");

type Change = (registry: StoredRegistry) => Promise<SavedArtifact>;

const CHANGES: Record<string, Change> = {
  "a save with an idempotency key": (registry) =>
    registry.save("a", VALUE, { idempotencyKey: "run 7" }),
  "a save of a version with an idempotency key": (registry) =>
    registry.save("a", VALUE, { idempotencyKey: "run 7", version: "2" }),
  "a save that skips an existing version": (registry) =>
    registry.save("a", VALUE, { version: "2", onConflict: "skip" }),
  "an undelete": (registry) => registry.undelete("a@1"),
  async "a commit of a draft"(registry) {
    const draft = await registry.openDraft("a", { id: "d" });
    if (!await registry.has("a@9")) await draft.addFile("data.bin", VALUE).catch(() => {});
    return await draft.commit();
  },
};

/** Makes a change whose record lands late, but before its payload is gone. */
async function landLate(world: ProtocolWorld, change: Change): Promise<void> {
  const { registry, backend } = await world.open({ retryForMs: 1000 });
  const record = late();
  backend.answer(RECORD, doing(() => backend.answerAll(READ_RECORD, busy), record.answer));
  await rejected("Unknown", change(registry));
  world.advance(GRACE_MS * 0.6);
  await record.land();
}

for (const [what, change] of Object.entries(CHANGES)) {
  testProtocol(`${what} whose record landed late is made again by its repeat`, async (world) => {
    const { registry, store, keys } = world;
    await registry.save("a", VALUE, { version: "1" });
    if (what === "an undelete") await registry.delete("a@1");
    const objects = new Set(await keys("objects/"));
    const before = await keys("names/a/versions/");
    await landLate(world, change);
    const [own] = (await keys("names/a/versions/")).filter((key) => !before.includes(key));
    const late = (await world.records(own!))[0]!;
    const { registry: other } = await world.open();
    const saved = await change(other);
    assertNotEquals(saved.commit, late.commit);
    // A collector that listed the name before the record landed goes on.
    for (const key of await keys("objects/")) {
      const isLate = key.includes(late.commit) && !key.includes("/_/");
      if (isLate && !objects.has(key)) await store.delete(key);
    }
    const ref = `a@${saved.version}`;
    const { registry: reader } = await world.open();
    for (const file of (await reader.open(ref)).files()) await file.bytes();
    assertEquals((await change(other).catch(() => saved)).commit, saved.commit);
    assertEquals((await registry.info(ref)).generation > late.generation, true);
    world.advance(2 * GRACE_MS);
    assertEquals((await collectGarbage(registry)).failures, []);
    assertEquals((await verifyRegistry(registry)).problems, []);
  });
}

testProtocol(
  "a collector that slept removes no payload of what it listed before",
  async (world) => {
    const { registry, backend, advance, store } = world;
    await registry.save("a", VALUE, { version: "1" });
    await registry.delete("a@1");
    advance(GRACE_MS + HOUR);
    const objects = await world.keys("objects/");
    const sleeps = doing(() => advance(GRACE_MS / 2));
    backend.answer({ verb: "put", mode: "overwrite", key: /^names/ }, sleeps);
    const { failures, removed } = await collectGarbage(registry);
    assertEquals([failures.length, removed.payload.count], [1, 0]);
    assertEquals(await world.keys("objects/"), objects);
    advance(HOUR);
    assertEquals((await collectGarbage(registry)).removed.payload.count, objects.length);
    assertEquals(await store.head(objects[0]!), undefined);
  },
);
