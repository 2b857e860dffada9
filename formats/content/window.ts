// A part of a file that is read from its beginning to its end, some way ahead of what is asked for.
import { concatBytes, readAll } from "../../core/bytes/bytes.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";

export interface WindowOptions {
  end: number;
  /** So many bytes are read at once, or as many as are asked for. */
  aheadBytes: number;
  refuse(state: string): RegistryError;
  signal?: AbortSignal;
}

/**
 * Reads bytes at a place, and some ahead: few requests where places follow one another, each byte once. What is read is
 * of whoever asked for it as long as nobody writes into it.
 */
export function openWindow(
  file: FileToDecode,
  { end, aheadBytes, refuse, signal }: WindowOptions,
): (at: number, length: number, ahead?: number) => Promise<Uint8Array> {
  let offset = 0;
  let bytes: Uint8Array = new Uint8Array();
  return async (at, length, ahead = aheadBytes) => {
    if (length > end - at) throw refuse(`it ends at byte ${end}, and goes on to ${at + length}`);
    const from = at - offset;
    if (from >= 0 && from + length <= bytes.byteLength) return bytes.subarray(from, from + length);
    const kept = bytes.subarray(from >= 0 ? from : bytes.byteLength);
    const missing = Math.max(length, Math.min(ahead, end - at)) - kept.byteLength;
    const more = await readAll(
      file.stream({ offset: at + kept.byteLength, length: missing }),
      signal,
    );
    if (more.byteLength !== missing) {
      throw refuse(`the file gave ${more.byteLength} bytes, not ${missing}`);
    }
    bytes = concatBytes([kept, more]);
    offset = at;
    return bytes.subarray(0, length);
  };
}
