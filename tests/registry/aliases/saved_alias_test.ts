import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { ObjectInfo } from "../../../core/backend.ts";
import { type ErrorCode, fault } from "../../../core/errors.ts";
import type { KeyRecord } from "../../../core/record.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry, type Registry, type SavedArtifact } from "../../../mod.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { createBatch } from "../../../workers/mod.ts";
import { rejected } from "../rejected.ts";
import { createProtocolWorld, HOUR, type ProtocolWorld } from "../protocol_world.ts";
import { withHooks } from "../with_hooks.ts";

/** Tries to save with an alias that cannot be set yet, then again. */
async function testBroken(
  code: ErrorCode,
  saveOf: (registry: Registry) => Promise<() => Promise<SavedArtifact>>,
): Promise<void> {
  const backend = createMemoryBackend();
  let isBroken = true;
  const registry = await openRegistry(withHooks(backend, {
    before({ verb, key }) {
      if (!isBroken || verb !== "put" || !key.includes("/aliases/")) return;
      const hint = "Ask for the right to write.";
      throw fault({ code, action: "put", subject: `"${key}"`, state: "no right", hint });
    },
  }));
  const save = await saveOf(registry);
  await rejected(code, save());
  assertEquals(await Array.fromAsync(registry.aliases("a")), []);
  isBroken = false;
  assertEquals((await save()).version, "1.0.0");
  assertEquals(await Array.fromAsync(registry.aliases("a"), ({ alias }) => alias), ["production"]);
  assertEquals((await Array.fromAsync(registry.versions("a"))).length, 1);
}

Deno.test("a save that ended before it set its alias sets it in a repeat", () =>
  testBroken("Denied", (registry) => {
    const options = { alias: "production", idempotencyKey: "key" };
    return Promise.resolve(() => registry.save("a", 1, options));
  }));

for (const code of ["Denied", "Corrupt"] as const) {
  Deno.test(`a commit of a draft that failed to set its alias (${code}) sets it in a repeat`, () =>
    testBroken(code, async (registry) => {
      const draft = await registry.openDraft("a", { id: "1" });
      await draft.addFile("a.txt", new Uint8Array(3));
      return () => draft.commit({ alias: "production" });
    }));
}

Deno.test("a repeat sets an alias that pointed to the version before it was overwritten", async () => {
  let now = Date.UTC(2026, 0, 1);
  const system = { ...realSystem, now: () => now += 1000 };
  const registry = await openRegistry("memory:", { mutable: true, system });
  await registry.save("a", "old", { version: "1", alias: "production" });
  await registry.save("a", "other", { version: "2", alias: "production" });
  const how = { version: "1", onConflict: "overwrite", idempotencyKey: "key" } as const;
  await registry.save("a", "new", how);
  await registry.save("a", "new", { ...how, alias: "production" });
  assertEquals(await registry.load("a@production"), "new");
});

interface Machine {
  registry: Registry;
  /** Ends the call before this create. */
  killAt(key: RegExp | undefined): void;
}

/** Opens a registry on a machine whose clock is wrong. */
async function machineOn(world: ProtocolWorld, skewMs: number): Promise<Machine> {
  const { system, clocks, store } = world;
  let killAt: RegExp | undefined;
  const hooked = withHooks(store, {
    before({ verb, key }) {
      if (verb === "put" && killAt?.test(key)) throw new Error("killed");
    },
  });
  const skewed = { ...system, now: () => clocks.wall + skewMs };
  const registry = await openRegistry(hooked, { system: skewed });
  return { registry, killAt: (key) => killAt = key };
}

type Way = (registry: Registry) => Promise<{ version: string }>;

/** Saves with a key and an alias: of new content, and of content that exists. */
const WAYS: Record<string, Way> = {
  "new content": (r) => r.save("a", "new", { alias: "live", idempotencyKey: "k" }),
  "unchanged content": (r) =>
    r.save("a", "two", { alias: "live", idempotencyKey: "k", skipIfUnchanged: true }),
  "a version that exists": (r) =>
    r.save("a", "x", { version: "2", onConflict: "skip", alias: "live", idempotencyKey: "k" }),
  async "a draft"(r) {
    const draft = await r.openDraft("a", { id: "1" });
    if ((await draft.info()).state === "open") await draft.addFile("a.txt", new Uint8Array(3));
    return await draft.commit({ alias: "live" });
  },
};

const liveIn = async (registry: Registry) =>
  (await Array.fromAsync(registry.aliases("a"))).find(({ alias }) => alias === "live")?.version;

const HOURS = [-3, 0, 3];

function product<A, B>(a: Record<string, A>, b: Record<string, B>) {
  return Object.entries(a).flatMap((one) => Object.entries(b).map((two) => [one, two] as const));
}

/** Between two changes: stores may have whole seconds, and then show one time for all of them. */
const STEPS = { "a minute": 60_000, "no time": 0 };

for (const [[what, way], [step, stepMs]] of product(WAYS, STEPS)) {
  Deno.test(`a keyed save of ${what} sets its alias once, with ${step} between changes`, async () => {
    for (const skew of HOURS.flatMap((a) => HOURS.map((b) => [a * HOUR, b * HOUR] as const))) {
      for (const kill of [undefined, /aliases/]) {
        for (const colleague of ["sets", "removes", undefined]) {
          const label = `${skew}, killed: ${kill}, a colleague ${colleague}`;
          const world = await createProtocolWorld();
          const tick = () => world.advance(stepMs);
          for (const value of ["one", "two"]) await world.registry.save("a", value);
          await world.registry.setAlias("a", "live", "1.0.0");
          tick();
          const [first, again] = await Promise.all(skew.map((ms) => machineOn(world, ms)));
          first!.killAt(kill);
          const saved = await way(first!.registry).catch(() => undefined);
          assertEquals(saved === undefined, kill !== undefined, label);
          const before = saved?.version ?? "1.0.0";
          assertEquals(await liveIn(world.registry), before, label);
          tick();
          const other = (await machineOn(world, skew[1])).registry;
          if (colleague === "sets") await other.setAlias("a", "live", "1.0.0");
          if (colleague === "removes") await other.deleteAlias("a", "live");
          const moved = await liveIn(world.registry);
          tick();
          const { version } = await way(again!.registry);
          // An alias that names the version already is not changed.
          const isChanged = colleague === "removes" || colleague === "sets" && moved !== before;
          assertEquals(await liveIn(world.registry), isChanged ? moved : version, label);
        }
      }
    }
  });
}

Deno.test("a repeat of a save by an earlier program leaves aliases that are not older", async () => {
  for (const [laterMs, expected] of [[0, "2.0.0"], [1000, "3.0.0"]] as const) {
    const world = await createProtocolWorld();
    const save: Way = (r) => r.save("a", "one", { alias: "live", idempotencyKey: "k" });
    await world.registry.save("a", "zero", { version: "2" });
    await world.registry.save("a", "first", { version: "1" });
    await world.registry.setAlias("a", "live", "2");
    world.advance(laterMs);
    const machine = await machineOn(world, 0);
    machine.killAt(/aliases/);
    await save(machine.registry).catch(() => {});
    const [info] = await Array.fromAsync(world.store.list("names/a/keys/")) as ObjectInfo[];
    const bytes = await (await world.store.get(info!.key))!.bytes();
    const { aliases, ...record } = decodeRecord(bytes, info!.key).record as KeyRecord;
    assertEquals(aliases, [["live", 1]]);
    await world.store.put(info!.key, encodeRecord(record));
    assertEquals((await save(world.registry)).version, "3.0.0");
    assertEquals(await liveIn(world.registry), expected);
  }
});

Deno.test("a repeat in a restored registry moves no alias", async () => {
  const world = await createProtocolWorld();
  const save: Way = (r) => r.save("a", "one", { alias: "live", idempotencyKey: "k" });
  await save(world.registry);
  world.advance(HOUR);
  await world.registry.save("a", "two", { alias: "live" });
  world.advance(24 * HOUR);
  const copy = createMemoryBackend({ system: world.system });
  const keys = await world.keys(); // aliases before keys, so that these look newer
  for (const key of [...keys.filter((key) => key.startsWith("settings/")), ...keys]) {
    world.advance(1000);
    await copy.put(key, await (await world.store.get(key))!.bytes(), { mode: "create" });
  }
  const restored = await openRegistry(copy, { system: world.system });
  assertEquals((await save(restored)).version, "1.0.0");
  assertEquals(await liveIn(restored), "2.0.0");
  await restored.save("a", "one", { alias: "other", idempotencyKey: "k" });
  assertEquals((await restored.info("a@other")).version, "1.0.0");
});

Deno.test("saves of a batch set their aliases", async () => {
  const registry = await openRegistry("memory:");
  const batch = createBatch(registry);
  const { failed } = await batch.saveMany([{ name: "a", value: 1, alias: ["x", "y"] }]);
  await batch[Symbol.asyncDispose]();
  assertEquals(failed, []);
  assertEquals(await Array.fromAsync(registry.aliases("a"), ({ alias }) => alias), ["x", "y"]);
});
