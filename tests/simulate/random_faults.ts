// Faults at random.
import type { Random } from "./random.ts";
import type { Fault, StoreCall } from "./with_faults.ts";

/** How often each fault happens to a create, from 0 to 1. */
export type FaultRates = Partial<Record<Fault["kind"], number>>;

export interface RandomFaultOptions {
  random: Random;
  rates: FaultRates;
  /** Other verbs fail so much less often: a backend repeats them itself. @default 0.1 */
  otherVerbs?: number;
  /** The longest that a request may be under way, milliseconds. @default 7200000 (2 h) */
  maxLateMs?: number;
}

export function createRandomFaults(
  options: RandomFaultOptions,
): (call: StoreCall) => Fault | undefined {
  const { random, rates, otherVerbs = 0.1, maxLateMs = 7_200_000 } = options;
  const kinds = Object.entries(rates) as [Fault["kind"], number][];

  /** Anything from a moment to the longest, all orders of magnitude alike. */
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
