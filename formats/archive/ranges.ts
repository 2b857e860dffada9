// Ranges and pieces of byte streams.
import type { ByteRange } from "../../core/backend.ts";
import { bytesStream, concatBytes, forEachChunk, readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { corrupt } from "./entries.ts";

/** Reads a range into memory; `Corrupt` if the file ends before. */
export async function readPart(
  file: FileToDecode,
  { offset, length }: Required<ByteRange>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = length === 0
    ? new Uint8Array()
    : await readAll(file.stream({ offset, length }), signal);
  if (bytes.byteLength === length) return bytes;
  throw corrupt(file.path, `file is truncated: ${length} bytes expected at ${offset}`);
}

/** Reads a range of a part of a file, clipped at the end of that part. */
export function partOf(
  file: FileToDecode,
  begin: number,
  size: number,
  { offset, length = Infinity }: ByteRange = { offset: 0 },
): ReadableStream<Uint8Array> {
  const start = Math.min(offset, size);
  const clippedLength = Math.min(length, size - start);
  return clippedLength > 0
    ? file.stream({ offset: begin + start, length: clippedLength })
    : bytesStream(new Uint8Array());
}

/** Reads up to `size` bytes of a stream. Memory holds them once. */
export async function readSized(
  stream: ReadableStream<Uint8Array>,
  size: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  await forEachChunk(stream, (chunk) => {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  });
  return bytes.subarray(0, at);
}

/** Smaller pieces are joined. */
const PIECE_BYTES = 65_536;

export async function* inLargePieces(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let open: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    open.push(chunk);
    size += chunk.byteLength;
    if (size < PIECE_BYTES) continue;
    yield concatBytes(open);
    [open, size] = [[], 0];
  }
  if (size > 0) yield concatBytes(open);
}

/** Yields a range of the bytes of chunks. */
export async function* rangeOf(
  chunks: AsyncIterable<Uint8Array>,
  { offset, length = Infinity }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let [skip, remaining] = [offset, length];
  if (remaining <= 0) return;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(skip, skip + remaining);
    skip = Math.max(0, skip - chunk.byteLength);
    remaining -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (remaining <= 0) return;
  }
}
