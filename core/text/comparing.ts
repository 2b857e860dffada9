// Comparison of stored values with typed ones: the operators of conditions, rules and searches.
import { compareVersions, isVersion, parseVersion } from "../naming/versions.ts";
import { exactNumber } from "./exact_number.ts";
import { isJsonObject } from "./json_text.ts";

/** Numbers that JSON lacks, by their strings in metadata and labels (FORMAT.md, section 2). */
const notFinite = new Map<unknown, number>([NaN, Infinity, -Infinity].map((x) => [`${x}`, x]));

export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=";

/**
 * Returns a test of values against a typed one. Numbers compare with typed numbers, strings as
 * strings by UTF-16 code units; true, false and null only equal their names. No operator matches
 * any other value or a missing one, except `!=`, which is always the opposite of `=`.
 */
export function comparing(comparison: Comparison, wanted: string): (value: unknown) => boolean {
  if (comparison === "!=") {
    const equals = comparing("=", wanted);
    return (value) => !equals(value);
  }
  const number = numberOf(wanted);
  return (value) => {
    if (typeof value === "boolean" || value === null) {
      return comparison === "=" && String(value) === wanted;
    }
    const right = typeof value === "number" ? number : wanted;
    if (right === undefined || typeof value !== "number" && typeof value !== "string") return false;
    if ([value, right].some(Number.isNaN)) {
      return Object.is(value, right) && comparison.includes("=");
    }
    return comparison.includes(value < right ? "<" : value > right ? ">" : "=");
  };
}

function numberOf(text: string): number | bigint | undefined {
  const number = notFinite.has(text) ? notFinite.get(text) : exactNumber(text);
  if (number !== "inexact") return number;
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : Number(text);
}

/** Returns a test of versions: by their order if the typed text is a version, else as strings. */
export function comparingVersions(
  comparison: Comparison,
  wanted: string,
): (version: string) => boolean {
  if (!isVersion(wanted)) return comparing(comparison, wanted);
  const bound = parseVersion(wanted);
  const meets = comparing(comparison, "0");
  return (version) => meets(compareVersions(parseVersion(version), bound));
}

/** Returns a value of metadata or labels, in which strings stand for numbers that JSON lacks. */
export function fromMetadata(value: unknown): unknown {
  return notFinite.get(value) ?? value;
}

/** Returns the value of nested keys between dots. Keys may have dots themselves: `optimizer.lr`. */
export function valueAt(metadata: unknown, path: string): unknown {
  return fromMetadata(nestedValue(metadata, path));
}

function nestedValue(value: unknown, path: string): unknown {
  if (!isJsonObject(value)) return undefined;
  const isBeginning = (key: string) =>
    path.startsWith(key) && (key.length === path.length || path[key.length] === ".");
  for (const key of Object.keys(value).filter(isBeginning).sort((a, b) => a.length - b.length)) {
    const rest = path.slice(key.length + 1);
    const result = key === path ? value[key] : nestedValue(value[key], rest);
    if (result !== undefined) return result;
  }
}

/**
 * Sorts versions, the highest of which is first, by a field; `-` before it reverses the order.
 * Numbers come first, then other values as strings, then NaN and versions without a value.
 */
export function sortByField<T>(
  versions: readonly T[],
  sort: string,
  read: (version: T, field: string) => unknown,
): readonly T[] {
  const field = sort.replace(/^-/, "");
  if (field === "version") return field === sort ? versions.toReversed() : versions;
  const sign = field === sort ? 1 : -1;
  const keyed = versions.map((version) => {
    const value = read(version, field) ?? "";
    const key = typeof value === "number" ? value : String(value);
    const rank = key === "" || Number.isNaN(key) ? 2 : typeof key === "number" ? 0 : 1;
    return { version, key, rank };
  });
  return keyed.sort((a, b) =>
    a.rank - b.rank || sign * (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  ).map(({ version }) => version);
}
