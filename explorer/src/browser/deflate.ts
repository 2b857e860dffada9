// Deflate in browsers, at once and limited.
import { Gunzip, Unzlib } from "npm:fflate@^0.8";
import { concatBytes } from "../../../core/bytes/bytes.ts";

/** Packed bytes that are unpacked at a time: the limit is checked in between. */
const PIECE_BYTES = 16_384;

/** Bytes of an empty file: header and trailer, without the data. */
const GZIP_BYTES = 18;

/**
 * Unpacks gzip or zlib. Throws for more than `limit` bytes, and for truncated data. Checksums are not
 * compared: the service checks the stored bytes.
 */
export function unpackDeflate(kind: "gzip" | "zlib", packed: Uint8Array, limit: number) {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let isDone = false;
  const stream = new (kind === "gzip" ? Gunzip : Unzlib)((piece, isLast) => {
    pieces.push(piece);
    size += piece.byteLength;
    isDone ||= isLast;
    if (size > limit) throw new RangeError(`it expands to more than ${limit} bytes`);
  });
  for (let at = 0; at < packed.byteLength; at += PIECE_BYTES) {
    const end = at + PIECE_BYTES;
    stream.push(packed.subarray(at, end), end >= packed.byteLength);
  }
  if (!isDone || kind === "gzip" && packed.byteLength < GZIP_BYTES) {
    throw new Error("data is truncated");
  }
  return concatBytes(pieces);
}
