// Bytes that unpack piece by piece in browsers, at once and limited.
import { concatBytes } from "../../../core/bytes/bytes.ts";

/** Packed bytes that are unpacked at a time: the limit is checked in between. */
const PIECE_BYTES = 16_384;

interface Unpacker {
  push(packed: Uint8Array, isLast: boolean): void;
}

/**
 * Unpacks bytes. Throws for more than `limit` bytes, and for truncated data.
 *
 * @param create creates the unpacker, which passes on what it unpacked
 */
export function unpackPieces(
  packed: Uint8Array,
  limit: number,
  create: (add: (piece: Uint8Array, isLast?: boolean) => void) => Unpacker,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let isDone = false;
  const stream = create((piece, isLast = false) => {
    pieces.push(piece);
    size += piece.byteLength;
    isDone ||= isLast;
    if (size > limit) throw new RangeError(`it expands to more than ${limit} bytes`);
  });
  for (let at = 0; at < packed.byteLength; at += PIECE_BYTES) {
    const end = at + PIECE_BYTES;
    stream.push(packed.subarray(at, end), end >= packed.byteLength);
  }
  if (!isDone) throw new Error("data is truncated");
  return concatBytes(pieces);
}
