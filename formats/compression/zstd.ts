// Zstandard (RFC 8878), if the runtime has it: Deno, Bun, and Node from 22.15 on.
import zlib from "node:zlib";

/** Undefined on runtimes without zstd. */
export const zstd: typeof zlib | undefined = typeof zlib.zstdDecompressSync === "function"
  ? zlib
  : undefined;

/** Unpacks at most `size` bytes; undefined on runtimes without zstd. */
export const unpackZstd: ((packed: Uint8Array, size: number) => Uint8Array) | undefined = zstd &&
  ((packed, size) => zstd!.zstdDecompressSync(packed, { maxOutputLength: Math.max(size, 1) }));
