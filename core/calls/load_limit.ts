// The memory limit of one load: a record may declare any size.
import { type Fault, fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { FileInfo } from "../record.ts";

const DEFAULT_MAX_LOAD_BYTES = 2 * 1024 ** 3;
/** Files up to this size are always read whole. */
const MIN_MAX_LOAD_BYTES = 1024 * 1024;

/** A limit for data that is read whole. */
export interface LoadLimit {
  readonly maxBytes: number;
  /** Throws `Invalid` if a file is too large to be read whole. Call it before the read. */
  check(ref: string, file: Pick<FileInfo, "path" | "size">): void;
  /** Creates one value. All files that it reads whole count together. */
  together<T>(make: () => T | Promise<T>): Promise<T>;
}

export function createLoadLimit(maxBytes: number): LoadLimit {
  let taken: number | undefined;
  return {
    maxBytes,
    check(ref, { path, size }) {
      const all = (taken ?? 0) + size;
      if (all > maxBytes) throw tooLarge(ref, path, { size, all, maxBytes });
      if (taken !== undefined) taken = all;
    },
    async together(make) {
      taken = 0;
      try {
        return await make();
      } finally {
        taken = undefined;
      }
    },
  };
}

/** Returns the limit or its default, bytes. Throws `Invalid` for an invalid one. */
export function checkMaxLoadBytes(maxBytes: number = DEFAULT_MAX_LOAD_BYTES): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes >= MIN_MAX_LOAD_BYTES) return maxBytes;
  const state = `maxLoadBytes is ${
    shown(maxBytes)
  }, not an integer of at least ${MIN_MAX_LOAD_BYTES}`;
  const hint = "Pass the number of bytes that one load may read into memory.";
  throw fault({ code: "Invalid", action: "open the registry", state, hint });
}

const STREAM_IT = {
  hint: "Download it, or stream it: registry.open(ref) and file(path).stream().",
  reason: { kind: "too_large_to_load" },
} as const;

/** Returns the error of a file within the limit that this runtime cannot hold. */
export function tooLargeHere(
  ref: string,
  { path, size }: Pick<FileInfo, "path" | "size">,
  cause: unknown,
): RegistryError {
  return unreadable(ref, path, `this runtime cannot allocate ${size} bytes`, { cause });
}

function unreadable(ref: string, path: string, state: string, more: Partial<Fault>): RegistryError {
  const subject = `${shown(path)} of "${ref}" into memory`;
  return fault({ code: "Invalid", action: "read file", subject, state, ...STREAM_IT, ...more });
}

function tooLarge(
  ref: string,
  path: string,
  { size, all, maxBytes }: { size: number; all: number; maxBytes: number },
): RegistryError {
  const together = all === size ? "" : `, ${all} with the other files of the value`;
  const state = `it has ${size} bytes${together}, more than maxLoadBytes (${maxBytes})`;
  const hint = `${STREAM_IT.hint} Or open the registry with a larger maxLoadBytes.`;
  return unreadable(ref, path, state, { hint });
}
