// The content of a file that is to be saved: what is small is read, the rest stays to be sent.
import { bodyBytes, concatBytes, plainBytes } from "../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";

export interface LargeContent {
  size?: number;
  /** Whether they stay there until the save has ended: others are their giver's again when the next file is asked for. */
  stays: boolean;
  chunks(): AsyncIterable<Uint8Array>;
}

/** All bytes where there are no more than `maxBytes`, else what is to be sent. Bytes are copied: their maker may go on. */
export async function openContent(
  { content, path }: FileToSave,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
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

/** Safari has no iterators of streams. */
async function* streamed(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield plainBytes(next.value);
    }
  } finally {
    await reader.cancel().catch(() => {}); // what it fails with was told above
  }
}

async function* checked(
  stream: ReadableStream<Uint8Array>,
  { size, path }: { size: number; path: string },
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of streamed(stream)) {
    count += chunk.byteLength;
    if (count > size) break;
    yield chunk.slice(); // its giver may use it again
  }
  if (count !== size) throw changed(path);
}

async function openStream(
  stream: ReadableStream<Uint8Array>,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
): Promise<Uint8Array | LargeContent> {
  const chunks = streamed(stream);
  const held: Uint8Array[] = [];
  for (let size = 0; size <= maxBytes;) {
    const { done, value } = await withDeadline(chunks.next(), { signal });
    if (done) return concatBytes(held);
    held.push(value.slice());
    size += value.byteLength;
  }
  return { stays: false, chunks: () => joined(held, chunks) };
}

async function* joined(
  held: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for await (const chunk of rest) yield chunk.slice();
  } finally {
    await rest.return(undefined);
  }
}

function changed(path: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "save",
    subject: shown(path),
    state: "it changed while it was being saved",
    hint: "Nothing was saved. Try again when nobody writes to it, or save a copy.",
  });
}
