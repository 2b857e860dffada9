// Costs of work on this thread: processor time of its longest piece, and memory that is really used.
// Other programs and other threads add to neither.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers";
import v8 from "node:v8";
import vm from "node:vm";

const MIB = 1024 ** 2;

/** The cost of some work. */
export interface Cost {
  /** Processor time of this thread, milliseconds: of all the work, and of its longest piece. */
  totalMs: number;
  pieceMs: number;
  /** Memory in use at the end of a piece, above that before the work, MiB. */
  memoryMib: number;
}

let collectGarbage: (() => void) | undefined;

function collect(): void {
  if (collectGarbage === undefined) {
    v8.setFlagsFromString("--expose-gc");
    collectGarbage = vm.runInNewContext("gc") as () => void;
  }
  collectGarbage();
}

/** Returns the processor time of this thread, milliseconds. */
export function busyMs(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage(); // of all threads, where Linux is not
    return (user + system) / 1000;
  }
}

/** Returns the memory in use without garbage, MiB. */
export function idleMib(): number {
  collect();
  return usedMib();
}

function usedMib(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

/**
 * Measures work. Memory counts once it passes `limitMib` with what is garbage, and again without it.
 *
 * @param idle the memory before the work. @default memory is not measured
 */
export async function costOf(
  work: () => Promise<unknown>,
  { limitMib = Infinity, idle = 0 }: { limitMib?: number; idle?: number } = {},
): Promise<Cost> {
  const cost: Cost = { totalMs: 0, pieceMs: 0, memoryMib: 0 };
  let isOver = false, since = busyMs(), nextCheckMib = limitMib;
  const turn = () => {
    const passed = busyMs() - since;
    cost.totalMs += passed;
    cost.pieceMs = Math.max(cost.pieceMs, passed);
    if (usedMib() - idle > nextCheckMib) {
      collect();
      cost.memoryMib = Math.max(cost.memoryMib, usedMib() - idle);
      nextCheckMib = Math.max(limitMib, cost.memoryMib) * 1.5; // each collection takes a while
    }
    since = busyMs();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work();
  } finally {
    isOver = true;
    turn();
  }
  return cost;
}
