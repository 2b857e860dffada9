// Bytes that come in pieces: few of them in memory, many as a stream.
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";

/** Up to this all bytes are kept in memory: a save can share them with the version before, a stream never. */
const MAX_MEMORY_BYTES = 4 * 1024 * 1024;

/** All pieces in memory while they are few, else as a stream, in which later pieces are asked for. */
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
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let piece; (piece = first.shift()) !== undefined;) yield piece;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
