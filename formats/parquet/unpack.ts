// Unpacking of pages to at most their declared size: Snappy
// (https://github.com/google/snappy/blob/main/format_description.txt), LZ4, and codecs of the
// runtime.
import * as zlib from "node:zlib";
import { unpackZstd } from "../compression/zstd.ts";
import { copyBack, copyIn, unpackLz4 } from "../compression/lz4.ts";
import { Damage } from "./thrift.ts";

/** Unpacks bytes to a known size. Throws any error if they are damaged. */
export type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

/** Codecs by number; without `unpack`, this runtime does not support one. */
export const CODECS: readonly { name: string; unpack?: Unpack }[] = [
  { name: "none", unpack: (packed) => packed },
  { name: "snappy", unpack: unpackSnappy },
  { name: "gzip", unpack: (packed, size) => zlib.gunzipSync(packed, limit(size)) },
  { name: "lzo" },
  { name: "brotli", unpack: (packed, size) => zlib.brotliDecompressSync(packed, limit(size)) },
  { name: "lz4 in frames" },
  { name: "zstd", unpack: unpackZstd },
  { name: "lz4", unpack: unpackLz4 },
];

function limit(size: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.max(size, 1) };
}

function unpackSnappy(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0;
  let to = 0;
  const byte = () => {
    if (from >= packed.byteLength) throw new Damage("data is truncated");
    return packed[from++]!;
  };
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  while (byte() >= 0x80); // the size, which the page header has too
  while (from < packed.byteLength) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const length = (short < 60 ? short : number(short - 59)) + 1;
      to = copyIn(packed, from, { out, to, length });
      from += length;
    } else if (kind === 1) to = copyBack(out, to, (tag >> 5) * 256 + byte(), (tag >> 2 & 7) + 4);
    else to = copyBack(out, to, number(kind === 2 ? 2 : 4), (tag >> 2) + 1);
  }
  return out.subarray(0, to);
}
