// Questions about the past of a registry and its mirror, both collected, pruned and mirrored.
import type { Actor } from "../../actor.ts";
import type { Random } from "../../random.ts";
import { type ActorOptions, GRACE_MS, type World } from "../../world.ts";
import { found, largeValue, liveAs, smallValue } from "../schedule.ts";
import type { Schedule, SimulatedSettings } from "../schedule.ts";

const NAME = "a";
const REFS = ["latest", "^1", "1.0.0", "2.0.0", "live", "old"];
const PHASES = 3;
const QUESTIONS = 12;

/** A registry and its mirror are written to, maintained, and asked about the past. */
export const pasts: Schedule = {
  name: "pasts",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare: (world) => void world.site("target", { location: "target" }),
  async run(world, settings) {
    const { random } = world;
    await found(world, smallValue("first"));
    await liveAs(
      world,
      "founder of the target",
      { ...settings, site: "target" },
      () => Promise.resolve(),
    );
    for (let phase = 0; phase < PHASES; phase++) {
      await Promise.all([write(world, settings, phase), lookAfter(world, settings)]);
      await world.system.sleep(1_000); // what is still under way arrives
      await mirror(world, settings, {});
      for (
        const site of shuffled(random, ["main", "main", "target", "target"]).slice(random.int(3))
      ) {
        if (random.chance(0.7)) await world.system.sleep(1.1 * GRACE_MS);
        await collect(world, settings, { site });
      }
      for (const site of ["main", "target"]) await ask(world, settings, site);
    }
  },
};

async function write(world: World, { mutable }: SimulatedSettings, phase: number): Promise<void> {
  const { random } = world;
  await liveAs(world, `writer ${phase}`, {}, async (actor) => {
    for (let n = 0; n < 6; n++) {
      await actor.rest(
        random.weighted([[3, random.between(1, 3_000)], [1, random.between(0, GRACE_MS)]]),
      );
      const version = random.pick(["1.0.0", "1.1.0", "2.0.0", "3.0.0"]);
      const value = random.pick([smallValue, largeValue])(`save ${phase}.${n}`);
      const step = random.int(10);
      if (step < 4) {
        const options = mutable
          ? { version, onConflict: "overwrite" as const }
          : random.chance(0.5)
          ? { version }
          : {};
        await actor.save(NAME, value, options);
      } else if (step < 6) await actor.delete(NAME, version, { force: true });
      else if (step < 9) await actor.setAlias(NAME, random.pick(["live", "old"]), version);
      else await actor.deleteAlias(NAME, random.pick(["live", "old"]));
    }
  });
}

/** Collections, prunes and mirrors beside the writer; each may be killed. */
async function lookAfter(world: World, settings: SimulatedSettings): Promise<void> {
  const { random } = world;
  const steps = shuffled(random, [collect, collect, mirror, mirror, prune]);
  for (const step of steps.slice(random.int(3))) {
    await world.system.sleep(
      random.weighted([[1, random.between(0, 3_000)], [2, random.between(0.3, 1.2) * GRACE_MS]]),
    );
    const killAfterMs = random.chance(0.3) ? random.between(0, 1_500) : undefined;
    await step(world, settings, { site: random.pick(["main", "target"]), killAfterMs });
  }
}

interface StepOptions {
  site?: string;
  killAfterMs?: number;
}

async function collect(
  world: World,
  settings: SimulatedSettings,
  { site, killAfterMs }: StepOptions,
): Promise<void> {
  await doomed(
    world,
    `collector of ${site}`,
    { ...settings, site, killAfterMs },
    (actor) => actor.collect(),
  );
}

async function prune(
  world: World,
  settings: SimulatedSettings,
  { killAfterMs }: StepOptions,
): Promise<void> {
  const keepLast = 1 + world.random.int(2);
  await doomed(world, "pruner", { ...settings, killAfterMs }, (actor) => actor.prune({ keepLast }));
}

async function mirror(
  world: World,
  settings: SimulatedSettings,
  { killAfterMs }: StepOptions,
): Promise<void> {
  await doomed(world, "mirror", { ...settings, site: "target", killAfterMs }, async (to) => {
    const from = await world.actor("mirror", { process: to.process });
    if (from !== undefined) await to.mirror(from);
  });
}

/** Runs an actor, and kills it after a while if requested. */
async function doomed(
  world: World,
  name: string,
  { killAfterMs, ...options }: ActorOptions & { killAfterMs?: number },
  life: (actor: Actor) => Promise<void>,
): Promise<void> {
  await liveAs(world, name, options, async (actor) => {
    if (killAfterMs !== undefined) {
      world.system.scheduler.at(world.system.now() + killAfterMs, () => actor.process.kill());
    }
    await life(actor);
  });
}

async function ask(world: World, settings: SimulatedSettings, site: string): Promise<void> {
  const { random, sites } = world;
  const moments = [...sites[0].ledger.cells.values()].flatMap(({ landings }) =>
    landings.map(({ record }) => Date.parse(record.createdAt))
  );
  await liveAs(world, `asker of ${site}`, { ...settings, site }, async (actor) => {
    for (let n = 0; n < QUESTIONS; n++) {
      const asOf = new Date(random.pick(moments) + random.pick([-1, 0, 1, random.int(60_000)]));
      await actor.ask(NAME, random.pick(REFS), asOf);
    }
  });
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items.map((item) => ({ item, at: random.next() })).sort((a, b) => a.at - b.at).map((
    { item },
  ) => item);
}
