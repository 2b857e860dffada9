// Users' metadata: plain JSON that is kept exactly.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** Most bytes of metadata as JSON. */
const MAX_METADATA_BYTES = 64 * 1024;

/** Throws `Invalid` unless metadata is a plain object that JSON keeps exactly, of at most 64 KiB. */
export function checkMetadata(metadata: Record<string, unknown>): void {
  const problem = isPlainObject(metadata)
    ? findInexact(metadata, "metadata", 0)
    : "it is not a plain object";
  if (problem !== undefined) throw invalid(problem);
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).byteLength;
  if (bytes > MAX_METADATA_BYTES) {
    throw invalid(`it has ${bytes} bytes as JSON, ${MAX_METADATA_BYTES} are allowed`);
  }
}

function invalid(state: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "save metadata",
    state,
    hint:
      "Metadata is a small plain object of texts, finite numbers, booleans, null, arrays and objects. " +
      "Save larger or richer data as an artifact.",
  });
}

function findInexact(value: unknown, path: string, depth: number): string | undefined {
  if (depth > 100) return "it is nested too deep, or contains itself";
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "string") {
    return value.isWellFormed() ? undefined : `${path} is not well-formed Unicode`;
  }
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? undefined
      : `${path} is ${Object.is(value, -0) ? "-0" : value}`;
  }
  if (!Array.isArray(value) && !isPlainObject(value)) return `${path} is not plain JSON`;
  for (const [key, member] of Object.entries(value)) {
    const found = findInexact(member, `${path}[${shown(key)}]`, depth + 1);
    if (found !== undefined) return found;
  }
  if (!Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length !== value.length || keys.some((key, i) => key !== String(i))) {
    return `${path} has holes or names`;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !("toJSON" in value) &&
    Object.getOwnPropertySymbols(value).length === 0;
}
