// Structural differences between plain values.
/** A difference between two values. */
export interface ValueChange {
  /** Keys and indices of the place. An index is that in the second array, if it is as long. */
  path: (string | number)[];
  /** Absent if it was added. */
  before?: unknown;
  /** Absent if it was removed. */
  after?: unknown;
}

/** Deeper values are compared as JSON, to limit the stack. */
const MAX_DEPTH = 500;

/**
 * Returns the differences between two plain values. The order of keys is ignored. Of arrays, equal
 * items at both ends are skipped and the rest is compared by position.
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
    if (isMap(before) && isMap(after)) return collectKeys(before, after, path, changes);
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
  const shorter = Math.min(before.length, after.length);
  const same = (i: number, j: number) => isSame(before[i], after[j], path.length + 1);
  let start = 0;
  while (start < shorter && same(start, start)) start++;
  let end = 0;
  while (end < shorter - start && same(before.length - 1 - end, after.length - 1 - end)) end++;
  const removed = before.length - end;
  const added = after.length - end;
  for (let i = start; i < Math.max(removed, added); i++) {
    const at = [...path, i];
    if (i >= added) changes.push({ path: at, before: before[i] });
    else if (i >= removed) changes.push({ path: at, after: after[i] });
    else collect(before[i], after[i], at, changes);
  }
}

function isSame(before: unknown, after: unknown, depth: number): boolean {
  if (Object.is(before, after)) return true;
  if (typeof before !== "object" || typeof after !== "object" || depth > MAX_DEPTH) return false;
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length &&
      before.every((item, i) => isSame(item, after[i], depth + 1));
  }
  if (isMap(before) && isMap(after)) {
    const keys = Object.keys(before);
    return keys.length === Object.keys(after).length &&
      keys.every((key) => Object.hasOwn(after, key) && isSame(before[key], after[key], depth + 1));
  }
  return sameText(before, after);
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

function isMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
