// A seeded {@linkcode System} in virtual time, and processes with their own clocks.
import type { System } from "../../core/system.ts";
import { createRandom, type Random } from "./random.ts";
import { createScheduler, type EventOwner, type Scheduler } from "./scheduler.ts";

export interface SimulatedSystem extends System {
  readonly randomness: Random;
  readonly scheduler: Scheduler;
  process(name: string, options?: ProcessOptions): SimulatedProcess;
  run<T>(program: () => Promise<T>): Promise<T>;
}

export interface ProcessOptions {
  skewMs?: number;
  onId?: (id: string) => void;
}

/** A simulated process, whose clocks may be skewed or stopped. */
export interface SimulatedProcess extends EventOwner {
  readonly name: string;
  readonly system: System;
  pause(ms: number, clocks?: FrozenClocks): void;
  correctClock(): void;
  kill(): void;
  ready(): Promise<void>;
  readonly death: Promise<void>;
}

export interface FrozenClocks {
  /** Wall clock. @default false */
  wall?: boolean;
  /** Monotonic clock. @default false */
  monotonic?: boolean;
}

const START_MS = Date.UTC(2027, 0, 1);

/**
 * Creates a world from a seed: randomness, ids, clocks and sleep that are the same in every run.
 */
export function createSimulatedSystem(seed: number): SimulatedSystem {
  const randomness = createRandom(seed);
  const scheduler = createScheduler(randomness.fork(), START_MS);
  const now = scheduler.now;

  function systemOf(
    random: Random,
    clocks: Pick<System, "now" | "monotonic">,
    owner?: EventOwner,
  ): System {
    return {
      now: () => clocks.now(),
      monotonic: () => clocks.monotonic(),
      random: () => random.next(),
      id: () => uuidv7(clocks.now(), Uint8Array.from({ length: 10 }, () => random.int(256))),
      sleep: (ms, signal) => sleep(scheduler, ms, signal, owner),
      env: () => undefined,
    };
  }

  const world = systemOf(randomness.fork(), { now, monotonic: () => now() - START_MS });
  return {
    ...world,
    randomness,
    scheduler,
    run: (program) => scheduler.run(program),
    process(name, { skewMs = 0, onId } = {}) {
      const startedAt = now();
      let corrected = false;
      const death = Promise.withResolvers<void>();
      const frozen = { wall: 0, monotonic: 0 }; // by pauses before the last
      let last = { from: 0, wall: false, monotonic: false };
      const lastMs = () => Math.min(now(), process.pausedUntil) - last.from;
      const clocks = {
        now: () => now() + (corrected ? 0 : skewMs) - frozen.wall - (last.wall ? lastMs() : 0),
        monotonic: () => now() - startedAt - frozen.monotonic - (last.monotonic ? lastMs() : 0),
      };
      const process = {
        name,
        pausedUntil: 0,
        killed: false,
        death: death.promise,
        pause(ms: number, { wall = false, monotonic = false }: FrozenClocks = {}) {
          if (process.pausedUntil > now()) return; // it stands still already
          if (last.wall) frozen.wall += lastMs();
          if (last.monotonic) frozen.monotonic += lastMs();
          last = { from: now(), wall, monotonic };
          process.pausedUntil = now() + ms;
        },
        correctClock() {
          corrected = true;
          frozen.wall = 0;
          last.wall = false;
        },
        kill() {
          process.killed = true;
          death.resolve();
        },
        ready() {
          if (process.killed) return new Promise<void>(() => {});
          if (process.pausedUntil <= now()) return Promise.resolve();
          return sleep(scheduler, process.pausedUntil - now(), undefined, process);
        },
      };
      const system = systemOf(randomness.fork(), clocks, process);
      const makeId = system.id;
      system.id = () => {
        const id = makeId();
        onId?.(id);
        return id;
      };
      return Object.assign(process, { system });
    },
  };
}

function sleep(
  scheduler: Scheduler,
  ms: number,
  signal?: AbortSignal,
  owner?: EventOwner,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    scheduler.at(scheduler.now() + ms, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, owner);
  });
}

/**
 * A UUIDv7 from a time and ten random bytes.
 *
 * @param nowMs milliseconds since 1970
 * @param random ten bytes
 */
export function uuidv7(nowMs: number, random: Uint8Array): string {
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((parseInt(hex[3], 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${
    hex.slice(7, 19)
  }`;
}
