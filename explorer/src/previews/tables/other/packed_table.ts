// Tables in gzip, unpacked up to a limit.
import { concatBytes } from "../../../../../core/bytes/bytes.ts";
import type { FileToRead } from "../../../artifact_file.ts";
import { fileToDecode, unpackedGzip } from "../../file_to_decode.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 10;

/** Returns the table that is packed. Of a long one, whole lines up to the limit. */
export async function unpackTable(
  file: FileToRead,
  signal?: AbortSignal,
): Promise<{ file: FileToRead; note?: string }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of unpackedGzip(fileToDecode(file, signal))) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size >= MAX_BYTES) break;
  }
  const all = concatBytes(pieces);
  const isCut = size >= MAX_BYTES;
  const bytes = isCut ? all.subarray(0, all.lastIndexOf(LINE_FEED) + 1) : all;
  return {
    file: {
      path: file.path.replace(/\.gz$/i, ""),
      size: bytes.byteLength,
      read: (from, count) => Promise.resolve(new Uint8Array(bytes.slice(from, from + count))),
    },
    ...isCut && { note: "Only the first 64 MiB are unpacked." },
  };
}
