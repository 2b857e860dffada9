// Restores of older copies of a store, after which numbers are used again; and caches whose entries
// others delete and overwrite.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { NAMES, SETTINGS } from "../../../registry/format/layout.ts";
import { type Copied, copyOf, type KeptTimes, withKeptTimes } from "../stores/with_kept_times.ts";
import { GRACE_MS, type World } from "../world.ts";
import { collecting, largeValue, liveAs, mostly, sharingValue, smallValue } from "./schedule.ts";
import type { Schedule, SimulatedSettings } from "./schedule.ts";
import type { Random } from "../random.ts";

/** A registry is restored, used, collected, and mirrored again. */
export const restores: Schedule = {
  name: "restores",
  weight: 3,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare(world) {
    world.site("restored"); // in the same place
    world.site("target", { location: "target" });
  },
  run: (world, settings) => restore(world, settings, {}),
};

/** Same, with readers that share one cache. */
export const cachedRestores: Schedule = {
  name: "cached restores",
  weight: 3,
  settings: () => ({ versioned: true, mutable: false }),
  prepare: (world) => restores.prepare!(world, { versioned: true, mutable: false }),
  run: (world, settings) =>
    restore(world, settings, { cache: createMemoryBackend({ system: world.system, id: "cache" }) }),
};

/** Same, from a copy of the disk, whose objects have their times. Versions are looked up, then read. */
export const copiedDisks: Schedule = {
  name: "copied disks",
  weight: 4,
  settings: () => ({ versioned: true, mutable: false }),
  prepare(world) {
    const kept: KeptTimes = new Map();
    KEPT.set(world, kept);
    world.site("restored", { view: (recorded) => withKeptTimes(recorded, kept) });
    world.site("target", { location: "target" });
  },
  run: (world, settings) =>
    restore(world, settings, { cache: createMemoryBackend({ system: world.system, id: "cache" }) }),
};

const KEPT = new WeakMap<World, KeptTimes>();

async function restore(
  world: World,
  settings: SimulatedSettings,
  { cache }: { cache?: Backend },
): Promise<void> {
  const kept = KEPT.get(world);
  const { random } = world;
  const over = settings.mutable ? { onConflict: "overwrite" as const } : {};
  const key = { idempotencyKey: "order" };
  const live = (name: string, site: string, count: number) =>
    liveAs(world, name, { site, cache, create: false }, async (actor) => {
      for (let n = 0; n < count; n++) {
        const value = random.pick([
          smallValue(`${name} ${n}`),
          largeValue(`${name} ${n}`),
          sharingValue("common", `${name} ${n}`),
        ]);
        await actor.save(
          "a",
          value,
          random.chance(0.3)
            ? { version: random.pick(["1.0.0", "2.0.0"]), ...over }
            : random.chance(0.3)
            ? key
            : {},
        );
        if (random.chance(0.2)) await actor.delete("a", "1.0.0", { force: true });
        if (random.chance(0.3)) await actor.setAlias("a", "live", "2.0.0");
        for (const ref of ["2.0.0", "3.0.0", "latest"]) {
          if (kept === undefined) await actor.load("a", ref);
          else await actor.loadFound("a", random.pick(["live", "latest", ref]));
        }
        await actor.rest(mostly(random, 3, 1_000, 0.7 * GRACE_MS));
        // The ledger knows the times of a restore, not those that are shown.
        if (kept === undefined && random.chance(0.3)) await actor.collect();
      }
    });
  const mirror = (site: string) =>
    liveAs(world, `mirror of ${site}`, { ...settings, site: "target" }, async (to) => {
      const from = await world.actor(to.process.name, { process: to.process, site });
      if (from !== undefined) await to.mirror(from);
    });

  const [main, restored] = world.sites;
  await live("early writer", "main", 2);
  if (random.chance(0.5)) await mirror("main");
  const backup = await copyOf(main.recorded("backup"));
  await live("later writer", "main", 2);
  if (settings.mutable && random.chance(0.5)) await mirror("main");
  for (const { process } of world.actors) process.kill();
  await world.system.sleep(random.between(0, 3) * GRACE_MS);
  const copy = restored.recorded("backup");
  for (const { key, bytes, info } of inOrderOfCopies(backup)) {
    await copy.put(key, bytes, { mode: "create" });
    kept?.set(key, { was: info, etag: (await copy.head(key))?.etag });
  }
  await live("writer after it", "restored", 3);
  if (kept === undefined) await collecting(world, 2, [0.6, 1.2], { site: "restored" });
  if (settings.mutable) await mirror("restored"); // an immutable target keeps what it has
}

/** Settings first, payload before records, older records first. */
function inOrderOfCopies(backup: readonly Copied[]): Copied[] {
  const rank = ({ key }: Copied) => key.startsWith(SETTINGS) ? 0 : key.startsWith(NAMES) ? 2 : 1;
  return backup.toReversed().sort((a, b) => rank(a) - rank(b));
}

/** Readers of one or two registries over one cache. */
export const caches: Schedule = {
  name: "caches",
  weight: 4,
  settings: ({ random }) => ({ versioned: random.chance(0.9), mutable: random.chance(0.4) }),
  prepare: (world) => void world.site("other", { location: "other" }),
  async run(world, settings) {
    const { random } = world;
    const cache = createMemoryBackend({ system: world.system, id: "cache" });
    const lives: Promise<void>[] = [];
    for (const site of ["main", "other"]) {
      lives.push(liveAs(world, `writer of ${site}`, { ...settings, site, cache }, async (actor) => {
        for (let n = 0; n < 5; n++) {
          const value = random.pick([smallValue, largeValue])(`${site} save ${n}`);
          const over = settings.mutable ? { onConflict: "overwrite" as const } : {};
          const version = settings.versioned
            ? { version: random.pick(["1.0.0", "2.0.0", "3.0.0"]) }
            : {};
          await actor.save("a", random.pick([value, sharingValue("common", value.label)]), {
            ...version,
            ...over,
          });
          if (settings.versioned && random.chance(0.3)) {
            await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0"]));
          }
          await actor.rest(mostly(random, 3, 300));
          if (random.chance(0.3)) {
            await actor.delete(
              "a",
              random.pick(settings.versioned ? ["1.0.0", "2.0.0"] : ["1.0.0"]),
              { force: true },
            );
          }
        }
      }));
      for (let i = 0; i < 2; i++) {
        lives.push(
          read(world, `reader ${i} of ${site}`, {
            site,
            cache,
            random: random.fork(),
            versioned: settings.versioned,
          }),
        );
      }
      lives.push(liveAs(world, `collector of ${site}`, { ...settings, site }, async (actor) => {
        await actor.rest(random.between(1, 1.5) * GRACE_MS);
        await actor.collect();
      }));
    }
    await Promise.all(lives);
  },
};

interface ReadOptions {
  site: string;
  cache: Backend;
  random: Random;
  versioned: boolean;
}

async function read(
  world: World,
  name: string,
  { site, cache, random, versioned }: ReadOptions,
): Promise<void> {
  const verify = random.pick(["none", "integrity", "full"] as const);
  await liveAs(world, name, { site, cache, verify, create: false }, async (actor) => {
    for (let n = 0; n < 8; n++) {
      await actor.load(
        "a",
        versioned ? random.pick(["1.0.0", "2.0.0", "latest", "live"]) : "latest",
      );
      await actor.rest(mostly(random, 4, 300));
    }
  });
}
