// A world that a test writes: a clock that stands still until it is moved, sleep that only moves
// it, seeded randomness.
import type { System } from "../../core/system.ts";
import { uuidv7 } from "../simulate/simulated_system.ts";

export interface ScriptedSystemOptions {
  /** The wall clock, milliseconds since 1970. @default 1_767_225_600_000, the first of January 2026 */
  startAt?: number;
  /** Of the randomness and the ids. @default 1 */
  seed?: number;
  /** The environment. @default {} */
  environment?: Record<string, string>;
}

export interface ScriptedSystem extends System {
  /** How long each sleep was asked to be, milliseconds. */
  readonly slept: number[];
  advance(ms: number): void;
  setWallClock(nowMs: number): void;
}

/** Makes a world; sleeping in it takes no time. */
export function createScriptedSystem(options: ScriptedSystemOptions = {}): ScriptedSystem {
  const { startAt = 1_767_225_600_000, seed = 1, environment = {} } = options;
  const random = seededRandom(seed);
  const slept: number[] = [];
  let wallMs = startAt;
  let monotonicMs = 0;
  const advance = (ms: number) => {
    wallMs += ms;
    monotonicMs += ms;
  };
  return {
    slept,
    advance,
    setWallClock: (nowMs) => void (wallMs = nowMs),
    now: () => wallMs,
    monotonic: () => monotonicMs,
    random,
    id: () => uuidv7(wallMs, Uint8Array.from({ length: 10 }, () => random() * 256)),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      advance(ms);
      await Promise.resolve();
      signal?.throwIfAborted();
    },
    env: (name) => environment[name],
  };
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
