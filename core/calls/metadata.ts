// Metadata of users: plain JSON that is stored exactly.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { described } from "../text/described.ts";
import { isPlainObject } from "../text/plain_value.ts";

const MAX_METADATA_BYTES = 64 * 1024;
const TOO_MANY = `it has more than ${MAX_METADATA_BYTES} bytes as JSON`;

/** Limits of the metrics of a run or a step, and of a string and the depth of objects in them. */
export const METRIC_LIMITS = { values: 1_000, bytes: 16 * 1024, characters: 1_000, depth: 5 };

/** Throws `Invalid` unless metadata is a plain object that JSON preserves, of at most 64 KiB. */
export function checkMetadata(metadata: Record<string, unknown>, what = "metadata"): void {
  const problem = isStorable(metadata)
    ? findInexact(metadata, what, { depth: 0, values: { count: 0 } })
    : "it is not a plain object";
  if (problem !== undefined) throw invalid(what, problem);
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).byteLength;
  if (bytes > MAX_METADATA_BYTES) {
    throw invalid(what, `it has ${bytes} bytes as JSON, more than ${MAX_METADATA_BYTES}`);
  }
}

function invalid(what: string, state: string): RegistryError {
  const hint = "Pass plain JSON, with dates, NaN, Infinity and large integers as strings. Save " +
    "larger data as an artifact.";
  return fault({ code: "Invalid", action: `save ${what}`, state, hint });
}

function findInexact(
  value: unknown,
  path: string,
  { depth, values }: { depth: number; values: { count: number } },
): string | undefined {
  if (++values.count > MAX_METADATA_BYTES) return TOO_MANY; // each has a byte or more
  if (depth > 100) return "it is nested too deep, or contains itself";
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "string" || typeof value === "number") return findInexactScalar(value, path);
  if (!Array.isArray(value) && !isStorable(value)) return `${path} is ${described(value)}`;
  for (const [key, member] of Object.entries(value)) {
    const at = [`${path}[${shown(key)}]`, { depth: depth + 1, values }] as const;
    const problem = findInexact(key, ...at) ?? findInexact(member, ...at);
    if (problem !== undefined) return problem;
  }
  return Array.isArray(value) && !isDense(value) ? `${path} has holes or members` : undefined;
}

function findInexactScalar(value: string | number, path: string): string | undefined {
  const text = `${path} is not well-formed Unicode`;
  if (typeof value === "string") return value.isWellFormed() ? undefined : text;
  if (Object.is(value, -0)) return `${path} is -0`;
  return Number.isFinite(value) ? undefined : `${path} is ${value}`;
}

/** True if an array has all its items and nothing else. */
function isDense(items: readonly unknown[]): boolean {
  const keys = Object.keys(items);
  return keys.length === items.length && keys.every((key, i) => key === String(i));
}

function isStorable(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && !("toJSON" in value) &&
    Object.getOwnPropertySymbols(value).length === 0;
}
