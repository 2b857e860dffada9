// A sort of any length that does not keep the thread.
import { giveWay } from "../../../../core/kernel.ts";

/** Items that are sorted or merged in one piece. */
const PIECE = 256;

/** Sorts items, and lets other work go on meanwhile. Throws if the signal is aborted. */
export async function sortInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  signal?: AbortSignal,
): Promise<T[]> {
  let runs: T[][] = [];
  for (let from = 0; from < items.length; from += PIECE) {
    await giveWay(signal);
    runs.push(items.slice(from, from + PIECE).sort(compare));
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await merge(runs[at]!, runs[at + 1] ?? [], { compare, signal }));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge<T>(
  one: readonly T[],
  other: readonly T[],
  { compare, signal }: { compare(a: T, b: T): number; signal?: AbortSignal },
): Promise<T[]> {
  const merged: T[] = [];
  let a = 0, b = 0;
  while (a < one.length || b < other.length) {
    if (merged.length % PIECE === 0) await giveWay(signal);
    const isFirst = b === other.length || a < one.length && compare(one[a]!, other[b]!) <= 0;
    merged.push(isFirst ? one[a++]! : other[b++]!);
  }
  return merged;
}
