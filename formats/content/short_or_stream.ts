// Bytes that are produced piece by piece: a few in memory, many as a stream.
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";

/** Up to this size all bytes are kept in memory, so that a save can share them with its base. */
const MAX_MEMORY_BYTES = 4 * 1024 * 1024;

/**
 * Returns all pieces in memory if they are small, else a stream that produces the rest on demand.
 */
export async function shortOrStream(
  pieces: AsyncGenerator<Uint8Array>,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const first: Uint8Array[] = [];
  for (let size = 0; size <= MAX_MEMORY_BYTES;) {
    const next = await pieces.next();
    if (next.done) return concatBytes(first);
    first.push(next.value);
    size += next.value.byteLength;
  }
  return iterableStream(joined(first, pieces));
}

async function* joined(
  first: Uint8Array[],
  remaining: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let piece; (piece = first.shift()) !== undefined;) yield piece;
    yield* remaining;
  } finally {
    await remaining.return(undefined);
  }
}
