// Holes: zeros that take no space in a file.
import { Buffer } from "node:buffer";
import { fstatSync, ftruncateSync } from "node:fs";

/** File systems keep blocks of this size or less. */
const LEAST_BYTES = 4096;
const ZEROS = new Uint8Array(64 * 1024);

/**
 * Leaves a hole for zeros in a part of a file that was never written. Returns false for other bytes,
 * which are still to be written.
 */
export function leaveHole(file: number, bytes: Uint8Array, position: number): boolean {
  if (!isHole(bytes)) return false;
  const end = position + bytes.byteLength;
  if (fstatSync(file).size < end) ftruncateSync(file, end);
  return true;
}

/** True for zeros that are long enough for a hole. */
export function isHole(bytes: Uint8Array): boolean {
  if (bytes.byteLength < LEAST_BYTES) return false;
  for (let at = 0; at < bytes.byteLength; at += ZEROS.byteLength) {
    const block = bytes.subarray(at, at + ZEROS.byteLength);
    if (Buffer.compare(block, ZEROS.subarray(0, block.byteLength)) !== 0) return false;
  }
  return true;
}
