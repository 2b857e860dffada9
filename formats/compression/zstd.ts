// Zstandard (RFC 8878), where the runtime has it: Deno, Bun, and Node from 22.15 on.
import * as zlib from "node:zlib";

type Unpack = (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const unpack = (zlib as { zstdDecompressSync?: Unpack }).zstdDecompressSync;

/** Unpacks bytes that have a size, and no more than it; undefined where the runtime cannot. */
export const unpackZstd: ((packed: Uint8Array, size: number) => Uint8Array) | undefined = unpack &&
  ((packed, size) => unpack(packed, { maxOutputLength: Math.max(size, 1) }));
