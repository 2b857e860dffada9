// The content of a file to save: small content is read, large content is sent later.
import { bodyBytes, concatBytes, plainBytes } from "../../core/bytes/bytes.ts";
import { conflict } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";

export interface LargeContent {
  size?: number;
  /** The content stays readable until the save ends, not only until the next file is asked for. */
  stays: boolean;
  chunks(): AsyncIterable<Uint8Array>;
}

interface OpenOptions {
  maxBytes: number;
  signal?: AbortSignal;
}

/** Returns content of up to `maxBytes` as a copy, and larger content as a stream of chunks. */
export async function openContent(
  { content, path }: FileToSave,
  { maxBytes, signal }: OpenOptions,
): Promise<Uint8Array | LargeContent> {
  if (content instanceof Uint8Array) {
    const bytes = plainBytes(content);
    if (bytes.byteLength <= maxBytes) return bytes.slice();
    return { size: bytes.byteLength, stays: true, chunks: () => copied(bytes) };
  }
  if (content instanceof Blob) {
    if (content.size <= maxBytes) return await withDeadline(bodyBytes(content), { signal });
    return { size: content.size, stays: true, chunks: () => streamed(content.stream()) };
  }
  if (content instanceof ReadableStream) return await openStream(content, { maxBytes, signal });
  const { size } = content;
  const chunks = () => checked(content.stream(), { size, path });
  if (size > maxBytes) return { size, stays: true, chunks };
  return await withDeadline(Array.fromAsync(chunks()).then(concatBytes), { signal });
}

const CHUNK_BYTES = 1024 * 1024;

async function* copied(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
    yield bytes.slice(at, at + CHUNK_BYTES);
  }
}

/** Iterates over a stream. Streams in Safari are not iterable. */
async function* streamed(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield plainBytes(next.value);
    }
  } finally {
    await reader.cancel().catch(() => {}); // `read` has thrown its error
  }
}

/** Yields copies, since the source may reuse its memory. Throws `Conflict` for another size. */
async function* checked(
  stream: ReadableStream<Uint8Array>,
  { size, path }: { size: number; path: string },
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of streamed(stream)) {
    count += chunk.byteLength;
    if (count > size) break;
    yield chunk.slice();
  }
  if (count === size) return;
  throw conflict("save", shown(path), "it changed during the save", {
    hint: "Nothing was saved. Try again when nothing writes to it, or save a copy.",
  });
}

async function openStream(
  stream: ReadableStream<Uint8Array>,
  { maxBytes, signal }: OpenOptions,
): Promise<Uint8Array | LargeContent> {
  const chunks = streamed(stream);
  const held: Uint8Array[] = [];
  for (let size = 0; size <= maxBytes;) {
    const { done, value } = await withDeadline(chunks.next(), { signal });
    if (done) return concatBytes(held);
    held.push(value.slice());
    size += value.byteLength;
  }
  async function* joined(): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for await (const chunk of chunks) yield chunk.slice();
    } finally {
      await chunks.return(undefined);
    }
  }
  return { stays: false, chunks: joined };
}
