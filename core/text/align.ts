// Matches the items of two lists by patience diff (Bram Cohen): unique equal items in their longest
// common order, and again between each two of them.
import { firstIndex } from "./first_index.ts";

type Pair = readonly [before: number, after: number];

/** An item by its parts: cells of a row, members of an object, or itself. */
type Item = readonly string[];

const MAX_DEPTH = 50;
/** Comparisons allowed per item. Runs that would exceed it are paired by position. */
const MAX_COMPARED = 100;

/** Pairs items in the order of both lists: equal ones, and between them those most alike. */
export function alignItems(before: readonly Item[], after: readonly Item[]): Pair[] {
  const [ids, others] = [before, after].map((items) => items.map((parts) => parts.join("\0")));
  const pairs: Pair[] = [];
  let remaining = MAX_COMPARED * (before.length + after.length);
  const between = ([i, j]: Pair, [iEnd, jEnd]: Pair, depth: number): void => {
    while (i < iEnd && j < jEnd && ids![i] === others![j]) pairs.push([i++, j++]);
    while (i < iEnd && j < jEnd && ids![iEnd - 1] === others![jEnd - 1]) {
      pairs.push([--iEnd, --jEnd]);
    }
    if (i === iEnd || j === jEnd) return;
    const later = placesOf(others!, j, jEnd);
    const shared = [...placesOf(ids!, i, iEnd)].map(([id, i]): Pair => [i, later.get(id) ?? -1]);
    const unique = depth === MAX_DEPTH ? [] : shared.filter(([i, j]) => i >= 0 && j >= 0);
    if (unique.length === 0) {
      const [height, width] = [iEnd - i, jEnd - j];
      const isFew = height * width <= remaining;
      if (isFew) remaining -= height * width;
      const matches = isFew
        ? mostAlike(before.slice(i, iEnd), after.slice(j, jEnd))
        : Array.from({ length: Math.min(height, width) }, (_, k): Pair => [k, k]);
      for (const [k, l] of matches) pairs.push([i + k, j + l]);
      return;
    }
    for (const next of [...inOrder(unique), [iEnd, jEnd] as const]) {
      between([i, j], next, depth + 1); // it begins with the unique item at `i`
      [i, j] = next;
    }
  };
  between([0, 0], [before.length, after.length], 0);
  return pairs.sort(([a], [b]) => a - b);
}

/** Returns the place of each id, -1 if it has several. */
function placesOf(ids: readonly string[], from: number, to: number): Map<string, number> {
  const places = new Map<string, number>();
  for (let i = from; i < to; i++) places.set(ids[i]!, places.has(ids[i]!) ? -1 : i);
  return places;
}

/** Returns most of these pairs, so that they are in order in both lists. */
function inOrder(pairs: readonly Pair[]): Pair[] {
  const ends: number[] = []; // of the sequence of each length, the one that ends first
  const previous = pairs.map(([, after], at) => {
    const length = firstIndex(ends.length, (i) => pairs[ends[i]!]![1] >= after);
    ends[length] = at;
    return ends[length - 1] ?? -1;
  });
  const longest: Pair[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = previous[at]!) longest.push(pairs[at]!);
  return longest.reverse();
}

/** Pairs the items of two runs so that the number of equal parts is largest. */
function mostAlike(before: readonly Item[], after: readonly Item[]): Pair[] {
  const alike = (old: Item, now: Item) => old.reduce((n, part, at) => n + +(part === now[at]), 1);
  const best = before.map(() => new Float64Array(after.length + 1));
  best.push(new Float64Array(after.length + 1));
  const paired = (i: number, j: number) => best[i + 1]![j + 1]! + alike(before[i]!, after[j]!);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      best[i]![j] = Math.max(paired(i, j), best[i]![j + 1]!, best[i + 1]![j]!);
    }
  }
  const pairs: Pair[] = [];
  for (let [i, j] = [0, 0]; i < before.length && j < after.length;) {
    if (best[i]![j] === paired(i, j)) pairs.push([i++, j++]);
    else if (best[i]![j] === best[i + 1]![j]) i++;
    else j++;
  }
  return pairs;
}
