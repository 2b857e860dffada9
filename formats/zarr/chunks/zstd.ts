// Zstandard (RFC 8878), where the runtime has it: Deno, Bun, and Node from 22.15.
import zlib from "node:zlib";
import { unsupportedZarr } from "../errors.ts";

/** Node's module, which then has the calls of zstd. */
export function needZstd(key = ""): typeof zlib {
  if (typeof zlib.zstdDecompressSync === "function") return zlib;
  throw unsupportedZarr(
    key,
    "this runtime has no zstd",
    "Deno, Bun and Node from 22.15 have it; else take gzip.",
  );
}
