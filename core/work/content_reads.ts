// Reads of content that its owner may change or reuse meanwhile: the chunks are copies.
import { changedWhileSaving } from "./source_change.ts";
import { plainBytes } from "../bytes/bytes.ts";

const CHUNK_BYTES = 1024 * 1024;

/** Yields bytes as copies, so that the written bytes are the hashed ones. */
export async function* copiedChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
    yield bytes.slice(at, at + CHUNK_BYTES);
  }
}

/** Iterates over a stream. Streams in Safari are not iterable. */
export async function* streamed(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield plainBytes(next.value);
    }
  } finally {
    await reader.cancel().catch(() => {}); // `read` has thrown its error
  }
}

/** Yields a stream as copies. Throws `Conflict` for another size. */
export async function* counted(
  stream: ReadableStream<Uint8Array>,
  { size, path }: { size: number; path: string },
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of streamed(stream)) {
    count += chunk.byteLength;
    if (count > size) break;
    yield chunk.slice();
  }
  if (count !== size) throw changedWhileSaving(path);
}
