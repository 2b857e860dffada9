// Sequential reads of a part of a file, with read-ahead.
import { concatBytes, readAll } from "../../core/bytes/bytes.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";

interface WindowOptions {
  end: number;
  /** Minimum size of a read, bytes. */
  aheadBytes: number;
  refuse(state: string): RegistryError;
  signal?: AbortSignal;
}

/**
 * Returns a function that reads bytes at an offset, and some ahead: few requests if reads are
 * sequential, each byte once. Returned bytes must not be changed.
 */
export function openWindow(
  file: FileToDecode,
  { end, aheadBytes, refuse, signal }: WindowOptions,
): (at: number, length: number, ahead?: number) => Promise<Uint8Array> {
  let offset = 0;
  let bytes: Uint8Array = new Uint8Array();
  return async (at, length, ahead = aheadBytes) => {
    if (length > end - at) throw refuse(`data ends at byte ${end}, ${at + length} expected`);
    const from = at - offset;
    if (from >= 0 && from + length <= bytes.byteLength) return bytes.subarray(from, from + length);
    const overlap = bytes.subarray(from >= 0 ? from : bytes.byteLength);
    const missing = Math.max(length, Math.min(ahead, end - at)) - overlap.byteLength;
    const more = await readAll(
      file.stream({ offset: at + overlap.byteLength, length: missing }),
      signal,
    );
    if (more.byteLength !== missing) {
      throw refuse(`expected ${missing} bytes, got ${more.byteLength}`);
    }
    bytes = concatBytes([overlap, more]);
    offset = at;
    return bytes.subarray(0, length);
  };
}
