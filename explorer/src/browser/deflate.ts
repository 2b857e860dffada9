// Deflate in browsers.
import { Gunzip, Unzlib } from "npm:fflate@^0.8";
import { unpackPieces } from "./unpacked_pieces.ts";

/** Bytes of an empty file: header and trailer, without the data. */
const GZIP_BYTES = 18;

/**
 * Unpacks gzip or zlib. Throws for more than `limit` bytes, and for truncated data. Checksums are not
 * compared: the service checks the stored bytes.
 */
export function unpackDeflate(kind: "gzip" | "zlib", packed: Uint8Array, limit: number) {
  const Stream = kind === "gzip" ? Gunzip : Unzlib;
  const unpacked = unpackPieces(packed, limit, (add) => new Stream(add));
  if (kind === "gzip" && packed.byteLength < GZIP_BYTES) throw new Error("data is truncated");
  return unpacked;
}
