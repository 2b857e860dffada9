// Zstandard in browsers.
import { Decompress } from "npm:fzstd@^0.1";
import { unpackPieces } from "./unpacked_pieces.ts";

/** Larger windows are refused: a header of a few bytes can declare gigabytes. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

/** Unpacks frames. Throws for more than `limit` bytes, and for truncated data. */
export function unpackZstd(packed: Uint8Array, limit: number): Uint8Array {
  if (windowOf(packed) > Math.max(MAX_WINDOW_BYTES, limit)) {
    throw new RangeError("window too large");
  }
  return unpackPieces(
    packed,
    limit,
    (add) => new Decompress((piece, isLast) => add(piece.slice(), isLast)),
  );
}

/** Returns the size of the window that the first frame needs (RFC 8878, section 3.1.1.1). */
function windowOf(packed: Uint8Array): number {
  const [flags = 0, window = 0] = packed.subarray(4, 6);
  const isSingle = (flags & 0x20) !== 0;
  if (!isSingle) return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const bytes = [1, 2, 4, 8][flags >> 6]!;
  let size = 0;
  for (let i = bytes - 1; i >= 0; i--) size = size * 256 + (packed[5 + dictionary + i] ?? 0);
  return bytes === 2 ? size + 256 : size;
}
