// Runs seeds on all cores. Each seed has its own world, so threads do not matter.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SimulateOptions, Violation } from "../simulate.ts";

export interface AtOnceOptions
  extends SentOptions, Pick<SimulateOptions, "seeds" | "firstSeed" | "stop"> {
  /** Threads. @default one for each core */
  workers?: number;
  onProgress?: (done: number) => void;
}

export interface AtOnceResult {
  violations: Violation[];
  runs: number;
  traceHash: string;
}

/** Seeds that a thread gets at a time. */
const RANGE_SEEDS = 10;

/** Runs seeds like {@linkcode simulate}, on threads, with the same findings. */
export async function simulateAtOnce(options: AtOnceOptions = {}): Promise<AtOnceResult> {
  const {
    seeds = 1000,
    firstSeed = 1,
    stop = true,
    workers = availableParallelism(),
    onProgress,
    ...sent
  } = options;
  const end = firstSeed + seeds;
  const results = new Map<number, RangeResult>();
  let next = firstSeed;
  let runs = 0;
  let broken = false;

  async function work(): Promise<void> {
    const worker = startWorker();
    try {
      // ranges are handed out in order: those below a violation are under way
      while (next < end && !(stop && broken)) {
        const range = { ...sent, firstSeed: next, seeds: Math.min(RANGE_SEEDS, end - next) };
        next += range.seeds;
        const result = await worker.run(range);
        results.set(range.firstSeed, result);
        broken ||= result.violations.length > 0;
        runs += range.seeds;
        onProgress?.(runs);
      }
    } finally {
      await worker.end();
    }
  }

  await Promise.all(
    Array.from({ length: Math.max(1, Math.min(workers, Math.ceil(seeds / RANGE_SEEDS))) }, work),
  );
  const inOrder = [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
  const violations = inOrder.flatMap((result) => result.violations);
  const lowest = violations[0]?.seed;
  return {
    violations: stop ? violations.filter(({ seed }) => seed === lowest) : violations,
    runs,
    traceHash: inOrder.flatMap(({ traces }) => traces).reduce(mixed, ""),
  };
}

interface SimulationWorker {
  run(range: SeedRange): Promise<RangeResult>;
  end(): Promise<unknown>;
}

function startWorker(): SimulationWorker {
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  return {
    run: (range) =>
      new Promise((resolve, reject) => {
        worker.removeAllListeners();
        worker.once("message", resolve);
        worker.once("error", reject);
        worker.once("exit", () =>
          reject(new Error("Cannot go on: a thread of the simulation ended")));
        worker.postMessage(range);
      }),
    end() {
      worker.removeAllListeners();
      return worker.terminate();
    },
  };
}

/** Hashes a sequence of hashes. */
function mixed(before: string, trace: string): string {
  let hash = 0x811c9dc5;
  for (const character of before + trace) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

export type SentOptions = Pick<SimulateOptions, "schedule" | "of">;

/** Some seeds, one after the other. */
export interface SeedRange extends SentOptions {
  firstSeed: number;
  seeds: number;
}

export interface RangeResult {
  violations: Violation[];
  traces: string[];
}
