// Readers that share a cache while others delete and overwrite what is in it.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import type { Random } from "../random.ts";
import { GRACE_MS } from "../world.ts";
import type { World } from "../world.ts";
import { largeValue, liveAs, mostly, sharingValue, smallValue } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

/** Readers of one registry or of two in places of their own, over one cache. */
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
      lives.push(liveAs(world, `janitor of ${site}`, { ...settings, site }, async (actor) => {
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
