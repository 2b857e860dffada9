// Comparison of stored values with typed ones: the operators of conditions, rules and searches.
import { compareVersions, isVersion, parseVersion } from "../naming/versions.ts";
import { exactNumber } from "./exact_number.ts";
import { isJsonObject } from "./json_text.ts";

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
    if (right === undefined || Number.isNaN(value)) return false;
    if (typeof value !== "number" && typeof value !== "string") return false;
    return comparison.includes(value < right ? "<" : value > right ? ">" : "=");
  };
}

function numberOf(text: string): number | bigint | undefined {
  const number = exactNumber(text);
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

export function valueAt(metadata: unknown, path: readonly string[]): unknown {
  let value = metadata;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
