// Deletions are undone: the version is as before, under its own number.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { createMemoryBackend, openRegistry, readLog } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { withShiftedTime } from "../../simulate/with_shifted_time.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { withAge } from "../with_age.ts";

const HOUR_MS = 3_600_000;
const LARGE = 300_000;

/** A store whose records of versions look old. */
function withOldRecords(backend: Backend, ageMs: number): Backend {
  const shiftMs = ({ key }: { key: string }) => key.includes("/versions/") ? -ageMs : 0;
  return withShiftedTime(backend, { shiftMs });
}

/** Saves two versions, of which the second shares nothing with the first. */
async function saveTwo(registry: Registry, size = LARGE): Promise<void> {
  await registry.save("m", noise(size, 1), { metadata: { n: 1 } });
  await registry.save("m", noise(size, 2), { metadata: { n: 2 }, inputs: ["m@1"] });
}

testOnEach("undelete() restores a version as it was", async ({ registry, backend, open }) => {
  await saveTwo(registry);
  await registry.setAlias("m", "live", "2");
  const before = await registry.info("m@2");
  await registry.delete("m@2", { force: true });
  const objects = await keysOf(backend, "objects/");
  const saved = await registry.undelete("m@2");
  const { commit, generation, restored, ...after } = await registry.info("m@2");
  const { commit: earlier, generation: _, ...was } = before;
  assertEquals(after, was);
  assertEquals(generation, 3);
  assertEquals(restored!.map(({ commit }) => commit), [earlier]);
  assertEquals([saved.commit, saved.version, saved.createdAt], [commit, "2.0.0", was.createdAt]);
  assertEquals(await registry.load("m@live"), noise(LARGE, 2));
  const added = (await keysOf(backend, "objects/")).filter((key) => !objects.includes(key));
  assertEquals(added.filter((key) => !key.endsWith(".alive")), []); // it shares its files
  assertEquals(await (await open()).load("m"), noise(LARGE, 2));
  assertEquals((await verifyRegistry(registry)).problems, []);
});

testOnEach("undelete() restores a small value, and one without versions", async ({ open }) => {
  const registry = await open();
  await registry.save("small", { n: 1 }, { idempotencyKey: "k" });
  await registry.delete("small@1");
  await registry.undelete("small", { version: "1" });
  assertEquals(await registry.load("small@1"), { n: 1 });
  assertEquals((await registry.info("small@1")).idempotencyKey, undefined);
  await registry.delete("small@1");
  await registry.undelete("small@1");
  assertEquals((await registry.info("small@1")).restored!.length, 2);
});

testInMemory("undelete() restores the value of a name without versions", async ({ registry }) => {
  await registry.save("m", noise(LARGE), { onConflict: "overwrite" });
  await registry.delete("m");
  await registry.undelete("m");
  assertEquals(await registry.load("m"), noise(LARGE));
}, { versioned: false, mutable: true });

testInMemory("a restored version can be deleted and restored again", async ({ registry }) => {
  await saveTwo(registry);
  for (let round = 1; round < 4; round++) {
    await registry.delete("m@2");
    await rejected("NotFound", registry.load("m@2"));
    await registry.undelete("m@2");
    assertEquals(await registry.load("m@2"), noise(LARGE, 2));
    assertEquals((await registry.info("m@2")).generation, 1 + 2 * round);
  }
});

testOnEach(
  "gc keeps a restored version, with the files that it shares",
  async ({ registry, open }) => {
    await saveTwo(registry);
    await registry.delete("m@2");
    await registry.undelete("m@2");
    const old = await open({}, (backend) => withAge(backend, 25 * HOUR_MS));
    const { removed } = await collectGarbage(old);
    assertEquals(removed.payload.count, 1); // the mark of the restore
    assertEquals(await registry.load("m@2"), noise(LARGE, 2));
    await registry.delete("m@2");
    await collectGarbage(old);
    const error = await rejected(
      "NotFound",
      registry.undelete("m@2"),
      /its files are gone: it was deleted at/,
    );
    assert(error.message.startsWith('Cannot undelete "m@2.0.0"'), error.message);
  },
);

testOnEach("after the grace period undelete() copies what gc has left", async (world) => {
  const { registry, open } = world;
  await saveTwo(registry);
  await registry.delete("m@2");
  const deleted = await open({}, (backend) => withOldRecords(backend, 23.5 * HOUR_MS));
  await deleted.undelete("m@2");
  await collectGarbage(await open({}, (backend) => withAge(backend, 25 * HOUR_MS)));
  const keys = await keysOf(world.backend, "objects/m/");
  const { commit } = await registry.info("m@2");
  const own = keys.filter((key) => key.includes(commit) && !key.endsWith(".alive"));
  assertEquals(own.length, 1);
  assertEquals(await registry.load("m@2"), noise(LARGE, 2));
});

testInMemory("undelete() writes no record if an object is gone", async ({ registry, backend }) => {
  await saveTwo(registry);
  const { commit } = await registry.info("m@2");
  await registry.delete("m@2");
  const records = await keysOf(backend, "names/");
  for (const key of await keysOf(backend, "objects/")) {
    if (key.includes(commit)) await backend.delete(key);
  }
  await rejected("NotFound", registry.undelete("m@2"), /its files are gone.*kept until/);
  assertEquals(await keysOf(backend, "names/"), records);
});

testInMemory(
  "undelete() never restores an earlier value if the record above it is gone",
  async ({ registry, backend }) => {
    await registry.save("m", "first", { version: "1" });
    await registry.save("m", "second", { version: "1", onConflict: "overwrite" });
    await registry.delete("m@1");
    const [deletion, second, first] = await keysOf(backend, "names/m/versions/");
    assert(deletion !== undefined && second !== undefined && first !== undefined);
    await backend.delete(second); // as a gc of an earlier commit did, before it emptied the first
    assertEquals(await Array.fromAsync(registry.versions("m", { deleted: true })), []);
    await rejected("NotFound", registry.undelete("m@1"), /its files are gone/);
  },
  { mutable: true },
);

testInMemory("undelete() says what is wrong", async ({ registry, open }) => {
  await saveTwo(registry);
  await rejected("AlreadyExists", registry.undelete("m@2"), /it is not deleted/);
  await rejected("NotFound", registry.undelete("m@7"), /no such version/);
  await rejected("Invalid", registry.undelete("m"), /no version is given/);
  await rejected("Invalid", registry.undelete("m@^2"), /no version is given/);
  await registry.delete("m@2");
  const readOnly = await open({ readOnly: true });
  await rejected("Denied", readOnly.undelete("m@2"), /read-only/);
});

testInMemory("of two undeletes at once one restores the version", async ({ registry, open }) => {
  await saveTwo(registry);
  await registry.delete("m@2");
  const other = await open();
  const ends = await Promise.allSettled([registry.undelete("m@2"), other.undelete("m@2")]);
  assertEquals(ends.filter(({ status }) => status === "fulfilled").length, 1);
  const [lost] = ends.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  await rejected("AlreadyExists", Promise.reject(lost.reason), /it is not deleted/);
});

testInMemory(
  "versions({ deleted: true }) lists what can be restored",
  async ({ registry, open }) => {
    await saveTwo(registry);
    await registry.save("m", 3, { version: "3.0.0-rc.1" });
    const list = async () => await Array.fromAsync(registry.versions("m", { deleted: true }));
    assertEquals(await list(), []);
    await registry.delete("m@2");
    await registry.delete("m@3.0.0-rc.1");
    const [newest, second] = await list();
    assertEquals([newest.version, second.version], ["3.0.0-rc.1", "2.0.0"]);
    const { at, until } = second.deleted!;
    assert(Math.abs(until.getTime() - at.getTime() - 24 * HOUR_MS) < HOUR_MS);
    const details = registry.versions("m", { deleted: true, details: true, range: "^2" });
    const [{ info }] = await Array.fromAsync(details);
    assertEquals(info!.metadata, { n: 2 });
    await registry.undelete("m@2");
    assertEquals((await list()).map(({ version }) => version), ["3.0.0-rc.1"]);
    const old = await open({}, (backend) => withAge(backend, 25 * HOUR_MS));
    await collectGarbage(old);
    assertEquals(await list(), []);
  },
);

Deno.test("asOf and the log know when a restored version was deleted", async () => {
  let hour = 0;
  const at = (which: number) => new Date(Date.parse("2026-03-01T00:00:00Z") + which * HOUR_MS);
  const system = { ...realSystem, now: () => at(hour).getTime() };
  const registry = await openRegistry(createMemoryBackend({ system }), { system });
  await saveTwo(registry);
  hour = 2;
  await registry.delete("m@2");
  hour = 4;
  await registry.undelete("m@2");
  const version = async (asOf: Date) => (await registry.info("m", { asOf })).version;
  assertEquals(await version(at(1)), "2.0.0");
  assertEquals(await version(at(3)), "1.0.0");
  assertEquals(await version(at(5)), "2.0.0");
  await rejected("NotFound", registry.info("m@2", { asOf: at(3) }), /it was deleted then/);
  const entries = await Array.fromAsync(readLog(registry, "m"));
  assertEquals(entries.map(({ event }) => event), ["restored", "deleted", "saved", "saved"]);
  assertEquals(entries[0].at, at(4));
});

testInMemory("a cache returns a restored version", async ({ registry, open, root }) => {
  await saveTwo(registry);
  const cached = await open({ cache: { path: root.join("cache") } });
  assertEquals(await cached.load("m@2"), noise(LARGE, 2));
  await registry.delete("m@2");
  await registry.undelete("m@2");
  assertEquals(await cached.load("m@2"), noise(LARGE, 2));
  assertEquals((await cached.info("m@2", {})).digest, (await registry.info("m@2")).digest);
  await cached.close();
});

testInMemory("a deletion of a repeated key is undone for its repeats too", async ({ registry }) => {
  const save = () => registry.save("m", { n: 1 }, { idempotencyKey: "once" });
  await save();
  await registry.delete("m@1");
  await rejected("Conflict", save(), /was deleted/);
  await registry.undelete("m@1");
  assertEquals((await save()).version, "1.0.0");
});
