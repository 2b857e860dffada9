// How large chunks are where nobody says.
import { countElements, ELEMENTS } from "../../../core/bytes/ndarray.ts";
import type { DType } from "../../../core/bytes/ndarray.ts";

/** Chunks of at most this many bytes. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/**
 * The shape of chunks for an array of this shape: all of it where it has up to 16 MiB, else as many whole rows, planes or
 * stacks as fit into these.
 */
export function usualChunks(shape: readonly number[], dtype: DType): number[] {
  const chunks = shape.map((length) => Math.max(1, length));
  for (let axis = 0; axis < shape.length; axis++) {
    const rest = countElements(chunks.slice(axis + 1)) * ELEMENTS[dtype].bytes;
    chunks[axis] = Math.max(1, Math.min(chunks[axis], Math.floor(CHUNK_BYTES / rest)));
    if (chunks[axis] * rest <= CHUNK_BYTES) break;
  }
  return chunks;
}
