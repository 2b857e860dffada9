// The metadata of an array of either version, and its limits.
import { itemAt } from "../../../core/faults/present.ts";
import { countElements, type DType, ELEMENTS, zipAxes } from "../../arrays/ndarray.ts";
import type { BytesCodec, ChunkCodecs } from "../chunks/codecs.ts";
import { corrupt, invalid, unsupported } from "../errors.ts";
import { isObject, type ZarrObject, type ZarrValue } from "./metadata_text.ts";

export interface Sharding {
  chunks: readonly number[];
  codecs: ChunkCodecs;
  /** True if a CRC32C follows the index. */
  hasIndexSum: boolean;
  isIndexFirst: boolean;
}

export interface ArrayMetadata {
  version: 2 | 3;
  shape: readonly number[];
  dtype: DType;
  /** The shape of a stored object: a chunk or a shard. */
  grid: readonly number[];
  codecs: ChunkCodecs;
  sharding?: Sharding;
  /** The fill value as one element in native byte order. */
  fill: Uint8Array;
  /** Returns the key of a stored object, relative to the array, by its indices in the grid. */
  keyOf(indices: readonly number[]): string;
  dimensionNames?: readonly (string | null)[];
  attributes: ZarrObject;
  /** The document of the array, in version 2 without its attributes. */
  document: ZarrObject;
}

/** Limits of arrays. */
export interface ZarrLimits {
  /**
   * Maximum bytes of a chunk or one read, checked before allocation. @default 1073741824 (1 GiB)
   */
  maxBytes?: number;
}

export const MAX_BYTES: number = 1024 ** 3;
/** Maximum number of dimensions of an array, as in NumPy. */
const MAX_DIMENSIONS = 64;
/** Maximum number of chunks of a shard; its index takes 16 bytes for each. */
const MAX_INNER_CHUNKS = 1024 ** 2;

/** Checks the declared shapes before they are used. */
export function checkSizes(
  key: string,
  metadata: ArrayMetadata,
  { maxBytes = MAX_BYTES }: ZarrLimits,
): ArrayMetadata {
  const { shape, grid, sharding, dtype } = metadata;
  if (shape.length > MAX_DIMENSIONS) {
    throw unsupported(key, `it has ${shape.length} dimensions, ${MAX_DIMENSIONS} are allowed`);
  }
  if (grid.length !== shape.length) {
    throw corrupt(key, "its chunks have another number of dimensions");
  }
  const chunk = sharding?.chunks ?? grid;
  if (sharding !== undefined) {
    if (
      chunk.length !== grid.length ||
      chunk.some((length, axis) => itemAt(grid, axis) % length !== 0)
    ) {
      throw corrupt(key, `chunks (${chunk.join(", ")}) do not fill shards (${grid.join(", ")})`);
    }
    const count = countElements(zipAxes(grid, chunk).map(([shard, length]) => shard / length));
    if (count > MAX_INNER_CHUNKS) {
      throw unsupported(key, `its shards have ${count} chunks, ${MAX_INNER_CHUNKS} are allowed`);
    }
  }
  const bytes = countElements(chunk) * ELEMENTS[dtype].bytes;
  if (bytes > maxBytes) {
    const hint = "Pass a larger maxBytes if you trust the array.";
    throw unsupported(key, `its chunks have ${bytes} bytes, ${maxBytes} are allowed`, hint);
  }
  return metadata;
}

/** Maximum bytes of concurrently processed objects. */
const ROOM = 256 * 1024 * 1024;

/** Returns the concurrency for the objects of an array: 16 for small ones, less for large ones. */
export function atOnce({ grid, dtype }: ArrayMetadata): number {
  const fitting = Math.floor(ROOM / (countElements(grid) * ELEMENTS[dtype].bytes));
  return Math.max(1, Math.min(16, fitting));
}

/** Parses lengths of at least `least`. Throws `Corrupt`. */
export function parseLengths(
  key: string,
  value: ZarrValue | undefined,
  member: string,
  least = 0,
): number[] {
  const isList = Array.isArray(value) &&
    value.every((length) =>
      Number.isSafeInteger(length) && length as number >= least && !Object.is(length, -0)
    );
  if (isList) return value as number[];
  throw corrupt(key, `its ${member} is not a list of integers of at least ${least}`);
}

export function needObject(key: string, value: ZarrValue | undefined, member: string): ZarrObject {
  if (isObject(value)) return value;
  throw corrupt(key, `its ${member} is not an object`);
}

export function attributesOf(key: string, { attributes }: ZarrObject): ZarrObject {
  return attributes === undefined ? {} : needObject(key, attributes, "attributes");
}

const CNAMES = ["lz4", "lz4hc", "zlib", "zstd"];
const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

/** Parses a compression step, which both versions configure alike. */
export function parsePacking(
  key: string,
  name: ZarrValue | undefined,
  configuration: ZarrObject,
): BytesCodec {
  const level = (
    recorded: ZarrValue | undefined,
    [least, most]: [number, number],
    usual: number,
  ): number => {
    const value = recorded === undefined ? usual : recorded;
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
      return Number(value);
    }
    throw corrupt(key, `the level of codec ${String(name)} is out of range`);
  };
  if (name === "gzip" || name === "zlib") {
    return { name, level: level(configuration.level, [-1, 9], 5) };
  }
  if (name === "zstd") {
    return {
      name,
      level: level(configuration.level, [-131072, 22], 0),
      checksum: configuration.checksum === true,
    };
  }
  if (name === "blosc") {
    const { cname = "lz4", shuffle = 1, blocksize = 0 } = configuration;
    // Version 2 uses numbers; -1 would be bits for single bytes, but readers go by the chunk.
    const shuffleName = typeof shuffle === "number"
      ? SHUFFLES[shuffle === -1 ? 1 : shuffle]
      : shuffle;
    if (
      !CNAMES.includes(cname as string) || !SHUFFLES.includes(shuffleName as string) ||
      !Number.isSafeInteger(blocksize)
    ) {
      throw unsupported(key, "unsupported configuration of its Blosc codec");
    }
    return {
      name,
      cname: cname as "lz4",
      clevel: level(configuration.clevel, [0, 9], 5),
      shuffle: shuffleName as "shuffle",
      blocksize: blocksize as number,
    };
  }
  const codec = typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : "without a name";
  throw unsupported(key, `unknown codec ${codec}`);
}

/** Largest default chunk, bytes. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Returns the default shape of chunks: whole rows, planes or stacks of up to 16 MiB. */
export function usualChunks(shape: readonly number[], dtype: DType): number[] {
  const chunks = shape.map((length) => Math.max(1, length));
  for (const [axis, length] of chunks.entries()) {
    const sliceBytes = countElements(chunks.slice(axis + 1)) * ELEMENTS[dtype].bytes;
    const fitting = chunks[axis] = Math.max(
      1,
      Math.min(length, Math.floor(CHUNK_BYTES / sliceBytes)),
    );
    if (fitting * sliceBytes <= CHUNK_BYTES) break;
  }
  return chunks;
}

/** Compression of chunks: a name, or a name with its settings. */
export type ZarrCodec =
  | "zstd"
  | "gzip"
  | "blosc"
  | "none"
  | { name: "zstd"; level?: number; checksum?: boolean }
  | { name: "gzip"; level?: number }
  | {
    name: "blosc";
    /** Codec of blocks. @default "lz4" */
    cname?: "lz4" | "zlib" | "zstd";
    /** Effort from 0, uncompressed, to 9. @default 5 */
    clevel?: number;
    /** Byte shuffle before compression. @default "shuffle" */
    shuffle?: "noshuffle" | "shuffle";
  };

const LEVELS = { zstd: 1, gzip: 5 };

/** Returns the steps of a codec. Throws `Invalid` for an unknown one. */
export function parseCodec(path: string, codec: ZarrCodec = "zstd"): BytesCodec[] {
  const bad = () => {
    const hint = 'Use "zstd", "gzip", "blosc", "none", or e.g. { name: "zstd", level: 3 }.';
    return invalid(path, "unknown codec", hint);
  };
  const step = typeof codec === "string" ? { name: codec } : codec;
  if (step?.name === "none") return [];
  if (!["zstd", "gzip", "blosc"].includes(step?.name)) throw bad();
  try {
    const { name, ...levels } = step;
    const usual = name === "blosc" ? { shuffle: "shuffle" } : { level: LEVELS[name as "zstd"] };
    return [parsePacking(path, name, { ...usual, ...levels } as ZarrObject)];
  } catch {
    throw bad();
  }
}
