// Definition of schedules, and their actors.
import type { Actor } from "../actor.ts";
import { Bundle, PAYLOAD_BYTES, STREAMED_BYTES } from "../bundle.ts";
import type { FaultRates, Random } from "../random.ts";
import type { Fault, StoreCall } from "../with_faults.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import { type ActorOptions, GRACE_MS, type World } from "../world.ts";

/** The settings of a registry in a run. */
export interface SimulatedSettings {
  versioned: boolean;
  mutable: boolean;
  graceMs?: number;
}

/** A way to use a registry, with faults, drawn from the seed of the world. */
export interface Schedule {
  name: string;
  weight: number;
  settings(world: World): SimulatedSettings;
  prepare?(world: World, settings: SimulatedSettings): void;
  /** True if the registry exists before. @default true */
  founded?: boolean;
  run(world: World, settings: SimulatedSettings): Promise<void>;
}

/** Starts an actor, retries failed opens, and runs it. */
export async function liveAs(
  world: World,
  name: string,
  options: ActorOptions,
  life: (actor: Actor) => Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const actor = await world.actor(name, options);
    if (actor !== undefined) return await actor.live(() => life(actor));
    await world.system.sleep(1000);
  }
}

/** Saves the first version of "a", without faults. */
export async function found(world: World, value: Bundle, options?: SaveOptions): Promise<void> {
  await liveAs(world, "founder", {}, async (actor) => void await actor.save("a", value, options));
}

/** A collector that runs repeatedly, each time after this many graces. Its clock may be minutes off. */
export function collecting(
  world: World,
  times: number,
  [min, max]: readonly [number, number],
  { name = "collector", ...options }: ActorOptions & { name?: string } = {},
): Promise<void> {
  const { random } = world;
  const skewMs = random.chance(0.3) ? random.between(-0.2, 0.2) * GRACE_MS : 0;
  return liveAs(world, name, { skewMs, ...options }, async (actor) => {
    for (let n = 0; n < times; n++) {
      await actor.rest(random.between(min, max) * GRACE_MS);
      await actor.collect();
    }
  });
}

/** A time that is mostly short, milliseconds. */
export function mostly(
  random: Random,
  often: number,
  short: number,
  long: number = GRACE_MS,
): number {
  return random.weighted([[often, random.between(0, short)], [1, random.between(0, long)]]);
}

/** How far a wall clock is off, milliseconds: often not at all, else by up to two graces. */
export function wrongBy(random: Random): number {
  return random.chance(0.5) ? 0 : random.between(-2, 2) * GRACE_MS;
}

export const OVERWRITE = { version: "1.0.0", onConflict: "overwrite" } as const;

/** A network that loses, delays and repeats requests. */
export const NETWORK: FaultRates = {
  lostReply: 0.1,
  lostRequest: 0.1,
  late: 0.1,
  hiddenRetry: 0.1,
};

export function smallValue(label: string): Bundle {
  return new Bundle([{ path: "own", label, size: 40 }]);
}

/** A value with its own payload. */
export function largeValue(label: string): Bundle {
  return new Bundle([{ path: "own", label, size: PAYLOAD_BYTES }]);
}

/** A value with a shared file. */
export function sharingValue(common: string, label?: string): Bundle {
  const files = [{ path: "common", label: common, size: PAYLOAD_BYTES }];
  return new Bundle(label === undefined ? files : [...files, { path: "own", label, size: 40 }]);
}

export function longValue(label: string, chunkMs: number, common?: string): Bundle {
  const own = { path: "own", label, size: STREAMED_BYTES };
  return new Bundle(
    common === undefined ? [own] : [{ path: "common", label: common, size: PAYLOAD_BYTES }, own],
    chunkMs,
  );
}

export function isCommit({ verb, mode, key }: StoreCall): boolean {
  return verb === "put" && mode === "create" && key.startsWith("names/");
}

export function isUpload({ verb, key }: StoreCall): boolean {
  return verb === "put" && key.startsWith("objects/") && !key.endsWith(".alive");
}

/** Faults for matching calls, in this order; the last for ever if `stay`. */
export function inOrder<T extends Fault | object>(
  matches: (call: StoreCall) => boolean,
  faults: readonly (T | undefined)[],
  stay = false,
): (call: StoreCall) => T | undefined {
  let next = 0;
  return (call) => {
    if (!matches(call)) return undefined;
    const place = next++;
    return place < faults.length ? faults[place] : stay ? faults.at(-1) : undefined;
  };
}
