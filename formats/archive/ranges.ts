/**
 * Parts of streams of bytes.
 *
 * @module
 */
import type { ByteRange } from "../../core/backend.ts";
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/format.ts";
import { corruptArchive } from "./entries.ts";

/** A part of a file, in memory; `Corrupt` where the file ends before. */
export async function readPart(
  file: FileToDecode,
  { offset, length }: Required<ByteRange>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = length === 0 ? new Uint8Array() : await readAll(file.stream({ offset, length }), signal);
  if (bytes.byteLength === length) return bytes;
  throw corruptArchive(file.path, `it is cut off: ${length} bytes were to be at ${offset}`);
}

/** A range of what the chunks are together. */
export async function* rangeOf(
  chunks: AsyncIterable<Uint8Array>,
  { offset, length = Infinity }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let [skip, left] = [offset, length];
  if (left <= 0) return;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(skip, skip + left);
    skip = Math.max(0, skip - chunk.byteLength);
    left -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (left <= 0) return;
  }
}
