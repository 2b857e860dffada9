// Zstandard (RFC 8878), where the runtime has it: Deno, Bun, and Node from 22.15 on.
import zlib from "node:zlib";

/** Node's module where it has the calls of zstd. */
export const zstd: typeof zlib | undefined = typeof zlib.zstdDecompressSync === "function"
  ? zlib
  : undefined;

/** Unpacks bytes that have a size, and no more than it; undefined where the runtime cannot. */
export const unpackZstd: ((packed: Uint8Array, size: number) => Uint8Array) | undefined = zstd &&
  ((packed, size) => zstd!.zstdDecompressSync(packed, { maxOutputLength: Math.max(size, 1) }));
