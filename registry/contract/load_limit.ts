// What one load may take into memory: records may say any size, and be right.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileInfo } from "../../core/record.ts";

const DEFAULT_MAX_LOAD_BYTES = 2 * 1024 ** 3;
/** Files up to this size are read whole where others are streamed. */
const MIN_MAX_LOAD_BYTES = 1024 * 1024;

/** Bounds what is read whole. */
export interface LoadLimit {
  readonly maxBytes: number;
  /** Throws `Invalid` where a file is too large to be read whole. Ask before it is. */
  check(ref: string, file: Pick<FileInfo, "path" | "size">): void;
  /** Runs what makes one value: all files that are read whole meanwhile count together. */
  together<T>(make: () => T | Promise<T>): Promise<T>;
}

/** A limit for one load. */
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

/** The bound that is asked for, or the default, bytes. Throws `Invalid` for what is none. */
export function checkMaxLoadBytes(maxBytes: number = DEFAULT_MAX_LOAD_BYTES): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes >= MIN_MAX_LOAD_BYTES) return maxBytes;
  throw fault({
    code: "Invalid",
    action: "open the registry with maxLoadBytes",
    state: `${shown(maxBytes)}: it must be a whole number from ${MIN_MAX_LOAD_BYTES}`,
    hint: "It is how many bytes one load may read into memory.",
  });
}

const STREAM_IT = {
  hint: "Download it, or read it as a stream: registry.open(ref) and file(path).stream().",
  hints: { cli: "Download it, or read it as a stream: holdfast cat REF PATH." },
};

/** The error of a file that the bound allows and this runtime cannot hold. */
export function tooLargeHere(
  ref: string,
  { path, size }: Pick<FileInfo, "path" | "size">,
  cause: unknown,
): RegistryError {
  return fault({
    code: "Invalid",
    action: "read file",
    subject: `${shown(path)} of "${ref}" into memory`,
    state: `this runtime has no room for ${size} bytes at once`,
    ...STREAM_IT,
    cause,
  });
}

function tooLarge(
  ref: string,
  path: string,
  { size, all, maxBytes }: { size: number; all: number; maxBytes: number },
): RegistryError {
  const together = all === size ? "" : `, ${all} with what was read for the same value`;
  return fault({
    code: "Invalid",
    action: "read file",
    subject: `${shown(path)} of "${ref}" into memory`,
    state: `it has ${size} bytes${together}, maxLoadBytes allows ${maxBytes}`,
    ...STREAM_IT,
    hint: `${STREAM_IT.hint} Or open the registry with a larger maxLoadBytes.`,
  });
}
