// Everything at the same time: several processes on a bad network, with pauses and kills, in bursts
// that are up to hours apart.
import type { Actor } from "../actor.ts";
import type { Bundle } from "../bundle.ts";
import { createRandomFaults, type FaultRates, type Random } from "../random.ts";
import type { StoreCall } from "../with_faults.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS, type World } from "../world.ts";
import { largeValue, liveAs, longValue, sharingValue, smallValue } from "./schedule.ts";
import type { Schedule, SimulatedSettings } from "./schedule.ts";

const CALM: FaultRates = { hiddenRetry: 0.02, lostReply: 0.02 };
const ROUGH: FaultRates = {
  slow: 0.02,
  lostReply: 0.06,
  lostRequest: 0.06,
  late: 0.08,
  hiddenRetry: 0.06,
  unavailable: 0.06,
  torn: 0.02,
};

export const general: Schedule = {
  name: "general",
  weight: 40,
  settings: ({ random }) => ({ versioned: random.chance(0.85), mutable: random.chance(0.6) }),
  async run(world, settings) {
    const { random } = world;
    const shared: Shared = {
      settings,
      beats: beatsOf(random, 3 + random.int(3)),
      names: random.chance(0.7) ? ["a"] : ["a", "b"],
      commits: new Map(),
      keys: [],
      saves: 0,
    };
    const lives: Promise<void>[] = [];
    const processes = 2 + random.int(3);
    for (let i = 1; i <= processes; i++) {
      lives.push(work(world, `writer ${i}`, random.fork(), shared));
    }
    for (let i = random.int(3); i > 0; i--) {
      lives.push(collect(world, `collector ${i}`, random.fork(), shared.beats));
    }
    await Promise.all(lives);
  },
};

interface Shared {
  settings: SimulatedSettings;
  beats: number[];
  names: string[];
  commits: Map<string, string>;
  keys: { key: string; name: string; value: Bundle; version?: string }[];
  saves: number;
}

/** Moments at which all actors become active, milliseconds from the start. */
export function beatsOf(random: Random, count: number): number[] {
  const gaps = [1_000, 300_000, GRACE_MS / 4, GRACE_MS * 0.6, GRACE_MS * 1.05, GRACE_MS * 2];
  let at = 0;
  return Array.from({ length: count }, () => at += random.pick(gaps));
}

function randomPause(random: Random, rate: number): (call: StoreCall) => CallPause | undefined {
  return () => {
    if (!random.chance(rate)) return undefined;
    const ms = Math.exp(random.between(Math.log(1_000), Math.log(2 * GRACE_MS)));
    const [wall, monotonic] = [random.chance(0.5), random.chance(0.5)];
    return { ms, at: random.pick(["send", "reply"]), wall, monotonic };
  };
}

async function work(world: World, name: string, random: Random, shared: Shared): Promise<void> {
  const rates = random.pick([{}, CALM, ROUGH]);
  const begin = world.system.now();
  const options = {
    skewMs: random.chance(0.3) ? random.between(-600_000, 600_000) : 0,
    retryForMs: random.pick([2_000, 120_000]),
    fault: createRandomFaults({ random: random.fork(), rates, maxLateMs: 2 * GRACE_MS }),
    pause: randomPause(random.fork(), random.pick([0, 0.01])),
  };
  let beat = 0;
  for (let lives = 0; lives < 3 && beat < shared.beats.length; lives++) {
    await liveAs(world, name, options, async (actor) => {
      for (; beat < shared.beats.length; beat++) {
        await actor.rest(
          Math.max(0, begin + shared.beats[beat] - world.system.now()) + random.between(0, 200),
        );
        if (random.chance(0.05)) {
          const killAt = world.system.now() + Math.exp(random.between(0, 8));
          world.system.scheduler.at(killAt, () => actor.process.kill());
        }
        for (let i = random.int(3); i >= 0; i--) await act(actor, random, shared);
      }
    });
    beat++; // it was killed in that one
  }
}

async function collect(world: World, name: string, random: Random, beats: number[]): Promise<void> {
  const pause = random.chance(0.3) ? randomPause(random.fork(), 0.02) : undefined;
  const fault = createRandomFaults({ random: random.fork(), rates: random.pick([{}, ROUGH]) });
  const begin = world.system.now();
  await liveAs(world, name, { pause, fault }, async (actor) => {
    for (const beat of beats) {
      await actor.rest(Math.max(0, begin + beat - world.system.now()) + random.between(0, 1000));
      await actor.collect();
    }
  });
}

async function act(actor: Actor, random: Random, shared: Shared): Promise<void> {
  const name = random.pick(shared.names);
  const version = shared.settings.versioned ? random.pick(["1.0.0", "2.0.0", "3.0.0"]) : "1.0.0";
  const ref = shared.settings.versioned ? random.pick([version, "latest", "live"]) : "latest";
  const restMs = random.weighted([[6, 0], [2, random.between(0, 60_000)], [
    1,
    random.between(0, GRACE_MS * 0.8),
  ]]);
  await random.weighted<() => Promise<void>>([
    [5, () => save(actor, name, version, random, shared)],
    [1, () => repeat(actor, random, shared)],
    [
      1,
      () =>
        actor.delete(name, version, {
          force: random.chance(0.7),
          ifCommit: maybe(shared.commits.get(`${name}@${version}`)),
        }),
    ],
    [0.7, () => actor.undelete(name, version)],
    [
      1,
      () => actor.setAlias(name, "live", version, random.pick([undefined, null, "1.0.0", "2.0.0"])),
    ],
    [0.3, () => actor.deleteAlias(name, "live")],
    [3, () => actor.load(name, ref, restMs)],
    [1, () => actor.open(name, ref, restMs)],
    [0.5, () => actor.versions(name)],
    [0.3, () => actor.collect()],
  ])();

  function maybe<T>(value: T): T | undefined {
    return random.chance(0.4) ? value : undefined;
  }
}

async function save(
  actor: Actor,
  name: string,
  version: string,
  random: Random,
  shared: Shared,
): Promise<void> {
  const { settings, commits, keys } = shared;
  const value = valueOf(`${actor.process.name} save ${++shared.saves}`, random);
  const automatic = settings.versioned && random.chance(0.4);
  const explicit = automatic || !settings.versioned ? {} : { version };
  const abort = random.chance(0.04) ? { abortAfterMs: random.between(1, 200) } : {};
  const place = `${name}@${version}`;
  if (random.chance(0.15)) {
    const once = { key: `key ${keys.length}`, name, value, ...explicit };
    keys.push(once);
    for (let tries = 0; tries < 2; tries++) {
      const saved = await actor.save(name, value, {
        ...explicit,
        ...abort,
        idempotencyKey: once.key,
      });
      if (saved !== undefined) return;
    }
    return;
  }
  const overwrite = settings.mutable && !automatic && random.chance(0.7);
  const ifCommit = overwrite && random.chance(0.3) ? commits.get(place) : undefined;
  const onConflict = overwrite
    ? "overwrite" as const
    : random.chance(0.2) && !automatic
    ? "skip" as const
    : undefined;
  const saved = await actor.save(name, value, {
    ...explicit,
    ...abort,
    ...(onConflict && { onConflict }),
    ...(ifCommit && { ifCommit }),
    ...(random.chance(0.1) && { skipIfUnchanged: true }),
  });
  if (saved !== undefined) commits.set(`${name}@${saved.version}`, saved.commit);
}

async function repeat(actor: Actor, random: Random, { keys }: Shared): Promise<void> {
  if (keys.length === 0) return;
  const { key, name, value, version } = random.pick(keys);
  await actor.save(name, value, { idempotencyKey: key, ...(version && { version }) });
}

function valueOf(label: string, random: Random): Bundle {
  const common = random.pick(["common 1", "common 2"]);
  return random.weighted([
    [5, smallValue(label)],
    [2, largeValue(label)],
    [3, sharingValue(common, label)],
    [1, sharingValue(common)],
    [0.3, longValue(label, random.between(1_000, 300_000), common)],
  ]);
}
