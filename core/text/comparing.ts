// Comparison of stored values, and of stored values with typed ones: the operators of conditions,
// rules and searches, and the order of lists. Numbers and times compare by value, also in text.
import { compareVersions, isVersion, parseVersion } from "../naming/versions.ts";
import { compareDecimals, isDecimal } from "./decimals.ts";
import { compareInstants, type Instant, instantOf } from "./iso_time.ts";
import { isJsonObject } from "./json_text.ts";

/** Numbers that JSON lacks, by their strings in metadata and labels (FORMAT.md, section 2). */
const notFinite = new Map<unknown, number>([NaN, Infinity, -Infinity].map((x) => [`${x}`, x]));

export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=";

/** @internal */
type Comparable = number | bigint | string | Date;

/**
 * A value by what it stands for. Keys are in one total order: numbers, times, other text.
 *
 * @internal
 */
export type SortKey =
  | { readonly kind: "number"; readonly number: number; readonly exact: number | bigint | string }
  | { readonly kind: "time"; readonly instant: Instant }
  | { readonly kind: "text"; readonly text: string };

/** Returns the key of a value: a number or decimal text, a time, or other text. */
export function sortKeyOf(value: Comparable): SortKey {
  const text = value instanceof Date ? value.toISOString() : value;
  if (typeof text !== "string" || isDecimal(text)) {
    return { kind: "number", number: Number(text), exact: text };
  }
  const instant = instantOf(text);
  return typeof instant === "object" ? { kind: "time", instant } : { kind: "text", text };
}

export const RANKS = { number: 0, time: 1, text: 2 } as const;

/** Compares keys: numbers exactly, times by instant, text by UTF-16 code units. */
export function compareKeys(a: SortKey, b: SortKey): number {
  if (a.kind === "number" && b.kind === "number") return compareNumbers(a, b);
  if (a.kind === "time" && b.kind === "time") return compareInstants(a.instant, b.instant);
  if (a.kind === "text" && b.kind === "text") return compareText(a.text, b.text);
  return RANKS[a.kind] - RANKS[b.kind];
}

type NumberKey = SortKey & { kind: "number" };

function compareNumbers(a: NumberKey, b: NumberKey): number {
  if (a.number !== b.number) return a.number < b.number ? -1 : 1;
  if (typeof a.exact === "number" && typeof b.exact === "number") return 0;
  return compareDecimals(String(a.exact), String(b.exact));
}

function isNaNKey(key: SortKey): boolean {
  return key.kind === "number" && Number.isNaN(key.number);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Returns a function that compares values with a typed one: two numbers and two times by value,
 * also if they are text; other text as it is. It returns undefined for values that cannot be
 * compared, such as a number with a word.
 */
export function orderTo(typed: string): (value: Comparable) => number | undefined {
  const bound = sortKeyOf(notFinite.get(typed) ?? typed);
  return (value) => {
    const key = sortKeyOf(value);
    if (isNaNKey(key)) return isNaNKey(bound) ? 0 : undefined;
    if (key.kind === bound.kind) return isNaNKey(bound) ? undefined : compareKeys(key, bound);
    return typeof value === "string" ? compareText(value, typed) : undefined;
  };
}

/**
 * Returns a test of values against a typed one by {@linkcode orderTo}; true, false and null only
 * equal their names. No operator matches any other value or a missing one, except `!=`, which is
 * always the opposite of `=`.
 */
export function comparing(comparison: Comparison, wanted: string): (value: unknown) => boolean {
  const order = orderTo(wanted);
  return meeting(comparison, (value) => {
    if (typeof value === "boolean" || value === null) return String(value) === wanted && "equal";
    return (typeof value === "number" || typeof value === "string") && order(value);
  });
}

/** Returns a test of names and other text, in which digits are no number. */
export function comparingText(comparison: Comparison, wanted: string): (text: string) => boolean {
  return meeting(comparison, (text: string) => compareText(text, wanted));
}

/** @param order returns the order of a value to the wanted one, `equal` if it has no other */
function meeting<T>(
  comparison: Comparison,
  order: (value: T) => number | "equal" | false | undefined,
): (value: T) => boolean {
  return (value) => {
    const ordering = order(value);
    const isEqual = ordering === "equal" || ordering === 0;
    if (comparison === "!=") return !isEqual;
    if (typeof ordering !== "number") return isEqual && comparison === "=";
    return comparison.includes(ordering < 0 ? "<" : ordering > 0 ? ">" : "=");
  };
}

/** Returns a test of versions: by their order if the typed text is a version, else as strings. */
export function comparingVersions(
  comparison: Comparison,
  wanted: string,
): (version: string) => boolean {
  if (!isVersion(wanted)) return comparingText(comparison, wanted);
  const bound = parseVersion(wanted);
  return meeting(comparison, (version) => compareVersions(parseVersion(version), bound));
}

/** Returns a value of metadata or labels, in which strings stand for numbers that JSON lacks. */
export function fromMetadata(value: unknown): unknown {
  return notFinite.get(value) ?? value;
}

/** Returns the value of nested keys between dots. Keys may have dots themselves: `optimizer.lr`. */
export function valueAt(metadata: unknown, path: string): unknown {
  return fromMetadata(nestedValue(metadata, path));
}

/** Tries the shortest keys first. Never enumerates keys. */
function nestedValue(value: unknown, path: string): unknown {
  if (!isJsonObject(value)) return undefined;
  for (let end = path.indexOf("."); end >= 0; end = path.indexOf(".", end + 1)) {
    const key = path.slice(0, end);
    if (!Object.hasOwn(value, key)) continue;
    const result = nestedValue(value[key], path.slice(end + 1));
    if (result !== undefined) return result;
  }
  return Object.hasOwn(value, path) ? value[path] : undefined;
}
