// What the documents of an array say, whatever their version, and its limits.
import { countElements, type DType, ELEMENTS } from "../../arrays/ndarray.ts";
import type { BytesCodec, ChunkCodecs } from "../chunks/codecs.ts";
import { corruptZarr, invalidZarr, unsupportedZarr } from "../errors.ts";
import { isObject, type ZarrObject, type ZarrValue } from "./metadata_text.ts";

export interface Sharding {
  chunks: readonly number[];
  codecs: ChunkCodecs;
  /** Whether a CRC32C stands behind the index. */
  hasIndexSum: boolean;
  isIndexFirst: boolean;
}

export interface ArrayMetadata {
  version: 2 | 3;
  shape: readonly number[];
  dtype: DType;
  /** The shape of what one stored object holds: a chunk, or a shard. */
  grid: readonly number[];
  codecs: ChunkCodecs;
  sharding?: Sharding;
  /** The element that stands where nothing was written, in this machine's byte order. */
  fill: Uint8Array;
  /** The key of a stored object below the array, by its place in the grid. */
  keyOf(indices: readonly number[]): string;
  dimensionNames?: readonly (string | null)[];
  attributes: ZarrObject;
  /** The document of the array, of version 2 without its attributes. */
  document: ZarrObject;
}

/** Limits of what documents may say. */
export interface ZarrLimits {
  /**
   * The most bytes that a chunk may have, and that one read may give: more is `Unsupported`, before memory is taken.
   *
   * @default 1073741824 (1 GiB)
   */
  maxBytes?: number;
}

/** The most bytes of a chunk, and of what one read gives, where nobody says: 1 GiB. */
export const MAX_BYTES: number = 1024 ** 3;
/** The most dimensions of an array. NumPy has as many. */
export const MAX_DIMENSIONS = 64;
/** The most chunks of a shard, whose index takes 16 bytes of memory for each. */
export const MAX_INNER_CHUNKS: number = 1024 ** 2;

/** Checks the shapes that a document says, before anything is made of them. */
export function checkSizes(
  key: string,
  metadata: ArrayMetadata,
  { maxBytes = MAX_BYTES }: ZarrLimits,
): ArrayMetadata {
  const { shape, grid, sharding, dtype } = metadata;
  if (shape.length > MAX_DIMENSIONS) {
    throw unsupportedZarr(key, `it has ${shape.length} dimensions, ${MAX_DIMENSIONS} are allowed`);
  }
  if (grid.length !== shape.length) {
    throw corruptZarr(key, "its chunks have another number of dimensions");
  }
  const chunk = sharding?.chunks ?? grid;
  if (sharding !== undefined) {
    if (chunk.length !== grid.length || chunk.some((length, axis) => grid[axis] % length !== 0)) {
      throw corruptZarr(
        key,
        `its chunks (${chunk.join(", ")}) do not fill its shards (${grid.join(", ")})`,
      );
    }
    const count = countElements(grid.map((length, axis) => length / chunk[axis]));
    if (count > MAX_INNER_CHUNKS) {
      throw unsupportedZarr(
        key,
        `its shards have ${count} chunks, ${MAX_INNER_CHUNKS} are allowed`,
      );
    }
  }
  const bytes = countElements(chunk) * ELEMENTS[dtype].bytes;
  if (bytes > maxBytes) {
    throw unsupportedZarr(
      key,
      `its chunks have ${bytes} bytes, ${maxBytes} are allowed`,
      "Pass a larger maxBytes where the array can be trusted.",
    );
  }
  return metadata;
}

/** What chunks that are under way at once may take together, bytes. */
const ROOM = 256 * 1024 * 1024;

/** How many stored objects of an array are under way at once: 16 small ones, fewer large ones. */
export function atOnce({ grid, dtype }: ArrayMetadata): number {
  return Math.max(
    1,
    Math.min(16, Math.floor(ROOM / (countElements(grid) * ELEMENTS[dtype].bytes))),
  );
}

/** Lengths of a shape, each at least `least`, or `Corrupt`. */
export function parseLengths(
  key: string,
  given: ZarrValue | undefined,
  what: string,
  least = 0,
): number[] {
  const isList = Array.isArray(given) &&
    given.every((length) =>
      Number.isSafeInteger(length) && length as number >= least && !Object.is(length, -0)
    );
  if (isList) return given as number[];
  throw corruptZarr(key, `its ${what} is no list of whole numbers from ${least}`);
}

export function needObject(key: string, given: ZarrValue | undefined, what: string): ZarrObject {
  if (isObject(given)) return given;
  throw corruptZarr(key, `its ${what} is no object`);
}

const CNAMES = ["lz4", "lz4hc", "blosclz", "zlib", "zstd"];
const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

/** A step that packs bytes, as both versions configure it. */
export function parsePacking(
  key: string,
  name: ZarrValue | undefined,
  said: ZarrObject,
): BytesCodec {
  const level = (
    given: ZarrValue | undefined,
    [least, most]: [number, number],
    usual: number,
  ): number => {
    if (given === undefined) return usual;
    if (Number.isInteger(given) && given as number >= least && given as number <= most) {
      return given as number;
    }
    throw corruptZarr(key, `the level of its codec ${String(name)} is out of bounds`);
  };
  if (name === "gzip" || name === "zlib") return { name, level: level(said.level, [-1, 9], 5) };
  if (name === "zstd") {
    return { name, level: level(said.level, [-131072, 22], 0), checksum: said.checksum === true };
  }
  if (name === "blosc") {
    const { cname = "lz4", shuffle = 1, blocksize = 0 } = said;
    // Version 2 has numbers: -1 is bits for single bytes, else bytes.
    const named = typeof shuffle === "number" ? SHUFFLES[shuffle === -1 ? 1 : shuffle] : shuffle;
    if (
      !CNAMES.includes(cname as string) || !SHUFFLES.includes(named as string) ||
      !Number.isSafeInteger(blocksize)
    ) {
      throw unsupportedZarr(key, "its Blosc codec is configured in a way that is not known here");
    }
    return {
      name,
      cname: cname as "lz4",
      clevel: level(said.clevel, [0, 9], 5),
      shuffle: named as "shuffle",
      blocksize: blocksize as number,
    };
  }
  throw unsupportedZarr(
    key,
    `its codec ${
      typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : "has no name and"
    } is not known here`,
  );
}

/** Chunks of at most this many bytes. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/**
 * The shape of chunks for an array of this shape: all of it where it has up to 16 MiB, else as many whole rows, planes or
 * stacks as fit into these.
 */
export function usualChunks(shape: readonly number[], dtype: DType): number[] {
  const chunks = shape.map((length) => Math.max(1, length));
  for (let axis = 0; axis < shape.length; axis++) {
    const rest = countElements(chunks.slice(axis + 1)) * ELEMENTS[dtype].bytes;
    chunks[axis] = Math.max(1, Math.min(chunks[axis], Math.floor(CHUNK_BYTES / rest)));
    if (chunks[axis] * rest <= CHUNK_BYTES) break;
  }
  return chunks;
}

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
