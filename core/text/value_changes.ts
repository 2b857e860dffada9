// Structural differences between plain values.
import { alignItems } from "./align.ts";
import { isPlainObject } from "./plain_value.ts";

/** A difference between two values. */
export interface ValueChange {
  /** Keys and indices of the place in the second value; of a removed item, in the first. */
  path: (string | number)[];
  /** Absent if it was added. */
  before?: unknown;
  /** Absent if it was removed. */
  after?: unknown;
}

/** Deeper values are compared as JSON, to limit the stack. */
const MAX_DEPTH = 500;
/** Members that decide which items of arrays are alike. */
const MOST_PARTS = 50;

/**
 * Returns the differences between two plain values. The order of keys is ignored. Items of
 * arrays are matched: equal ones that kept their order, then the most alike between them.
 *
 * @example
 * ```ts
 * import { diffValues } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(diffValues({ rate: 1, layers: [64, 32] }, { rate: 2, layers: [64, 48, 32] }), [
 *   { path: ["rate"], before: 1, after: 2 },
 *   { path: ["layers", 1], after: 48 },
 * ]);
 * ```
 */
export function diffValues(before: unknown, after: unknown): ValueChange[] {
  const changes: ValueChange[] = [];
  collect(before, after, [], changes);
  return changes;
}

function collect(
  before: unknown,
  after: unknown,
  path: (string | number)[],
  changes: ValueChange[],
): void {
  if (Object.is(before, after)) return;
  if (path.length < MAX_DEPTH) {
    if (Array.isArray(before) && Array.isArray(after)) {
      return collectItems(before, after, path, changes);
    }
    if (isPlainObject(before) && isPlainObject(after)) {
      return collectKeys(before, after, path, changes);
    }
  }
  if (sameText(before, after)) return;
  changes.push({ path, before, after });
}

function collectKeys(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: (string | number)[],
  changes: ValueChange[],
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = [...path, key];
    if (!Object.hasOwn(after, key)) changes.push({ path: at, before: before[key] });
    else if (!Object.hasOwn(before, key)) changes.push({ path: at, after: after[key] });
    else collect(before[key], after[key], at, changes);
  }
}

function collectItems(
  before: unknown[],
  after: unknown[],
  path: (string | number)[],
  changes: ValueChange[],
): void {
  const isOne = before.length === 1 && after.length === 1;
  const [olds, nows] = [before, after].map((items) => isOne ? [[""]] : items.map(partsOf));
  let [i, j] = [0, 0];
  for (const [old, now] of [...alignItems(olds!, nows!), [before.length, after.length] as const]) {
    for (; i < old; i++) changes.push({ path: [...path, i], before: before[i] });
    for (; j < now; j++) changes.push({ path: [...path, j], after: after[j] });
    if (i < before.length) collect(before[i++], after[j], [...path, j++], changes);
  }
}

/** Returns JSON of the first members of a map, or of another value, to find those alike. */
function partsOf(value: unknown): string[] {
  try {
    if (!isPlainObject(value)) return [JSON.stringify(value) ?? ""];
    return Object.entries(value).slice(0, MOST_PARTS).map((entry) => JSON.stringify(entry));
  } catch {
    return [""]; // too deep or circular
  }
}

/** Compares as JSON what is not plain data, such as dates, or too deep. */
function sameText(before: unknown, after: unknown): boolean {
  if (typeof before !== "object" || typeof after !== "object") return false;
  try {
    return JSON.stringify(before) === JSON.stringify(after);
  } catch {
    return false; // too deep or circular
  }
}
