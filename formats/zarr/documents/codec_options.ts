// How somebody who creates an array says how its chunks are packed.
import type { BytesCodec } from "../chunks/codecs.ts";
import { invalidZarr } from "../errors.ts";
import { parsePacking } from "./metadata.ts";

/** How chunks are packed: a name, or a name with its levels. */
export type ZarrCodec =
  | "zstd"
  | "gzip"
  | "blosc"
  | "none"
  | { name: "zstd"; level?: number; checksum?: boolean }
  | { name: "gzip"; level?: number }
  | {
    name: "blosc";
    /** What packs each block. @default "lz4" */
    cname?: "lz4" | "zlib" | "zstd";
    /** How hard it tries, 0 (not at all) to 9. @default 5 */
    clevel?: number;
    /** What is done to a block first. @default "shuffle" */
    shuffle?: "noshuffle" | "shuffle";
  };

const LEVELS = { zstd: 1, gzip: 5 };

/** The steps of a codec, or `Invalid`. */
export function parseCodec(path: string, codec: ZarrCodec = "zstd"): BytesCodec[] {
  const bad = () =>
    invalidZarr(
      path,
      "its codec is none that is written here",
      'Take "zstd", "gzip", "blosc", "none", or one with its levels: { name: "zstd", level: 3 }.',
    );
  const said = typeof codec === "string" ? { name: codec } : codec;
  if (said?.name === "none") return [];
  if (!["zstd", "gzip", "blosc"].includes(said?.name)) throw bad();
  try {
    const { name, ...levels } = said;
    return [
      parsePacking(path, name, {
        ...(name === "blosc" ? { shuffle: "shuffle" } : { level: LEVELS[name as "zstd"] }),
        ...levels,
      }),
    ];
  } catch {
    throw bad();
  }
}
