// Seeded randomness and random faults, the same on every runtime.
import type { Fault, StoreCall } from "./with_faults.ts";

export interface Random {
  next(): number;
  int(below: number): number;
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  fork(): Random;
}

/** Creates a source of repeatable randomness (Mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    next,
    int,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (items) => items[int(items.length)],
    weighted(items) {
      let left = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      return (items.find(([weight]) => (left -= weight) < 0) ?? items[items.length - 1])[1];
    },
    fork: () => createRandom(next() * 2 ** 32),
  };
}

export type FaultRates = Partial<Record<Fault["kind"], number>>;

export interface RandomFaultOptions {
  random: Random;
  rates: FaultRates;
  /** Rate for other verbs: backends retry them. @default 0.1 */
  otherVerbs?: number;
  /** Longest time of a request in flight, milliseconds. @default 7200000 (2 h) */
  maxLateMs?: number;
}

export function createRandomFaults(
  options: RandomFaultOptions,
): (call: StoreCall) => Fault | undefined {
  const { random, rates, otherVerbs = 0.1, maxLateMs = 7_200_000 } = options;
  const kinds = Object.entries(rates) as [Fault["kind"], number][];

  /** Any order of magnitude is as likely. */
  const delayMs = () => Math.exp(random.between(0, Math.log(maxLateMs)));

  return ({ verb, mode }) => {
    let drawn = random.next() / (mode === "create" ? 1 : otherVerbs);
    for (const [kind, rate] of kinds) {
      drawn -= rate;
      if (drawn >= 0) continue;
      switch (kind) {
        case "slow":
          return random.chance(0.5) ? { kind, beforeMs: delayMs() } : { kind, afterMs: delayMs() };
        case "late":
          return verb === "put" || verb === "delete"
            ? { kind, afterMs: delayMs() }
            : { kind: "unavailable" };
        case "hiddenRetry":
          return { kind, afterMs: random.chance(0.8) ? random.between(1, 100) : delayMs() };
        default:
          return { kind };
      }
    }
  };
}
