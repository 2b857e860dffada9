// The document of an array of version 3, `zarr.json`
// (https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#array-metadata), and its codec of
// shards (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html).
import { ELEMENTS } from "../../arrays/ndarray.ts";
import { shown } from "../../../core/naming/names.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { BytesCodec, ChunkCodecs } from "../chunks/codecs.ts";
import { fillText, parseDataType, parseFill } from "./data_types.ts";
import { corrupt, unsupported } from "../errors.ts";
import { attributesOf, needObject, parseLengths, parsePacking } from "./metadata.ts";
import type { ArrayMetadata, Sharding } from "./metadata.ts";
import { isObject, type ZarrObject, type ZarrValue } from "./metadata_text.ts";

/** Known members; others need `must_understand: false`. */
const MEMBERS = [
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "fill_value",
  "codecs",
  "attributes",
  "storage_transformers",
  "dimension_names",
];

export function parseArrayV3(key: string, document: ZarrObject): ArrayMetadata {
  for (const [name, value] of Object.entries(document)) {
    if (MEMBERS.includes(name) || isObject(value) && value.must_understand === false) continue;
    throw unsupported(key, `unknown member ${shown(name)}`);
  }
  const transformers = document.storage_transformers ?? [];
  if (!Array.isArray(transformers) || transformers.length > 0) {
    throw unsupported(key, "it has storage transformers");
  }
  const shape = parseLengths(key, document.shape, "shape");
  const dtype = parseDataType(key, document.data_type);
  const grid = extension(key, document.chunk_grid, "chunk_grid");
  if (grid.name !== "regular") {
    throw unsupported(key, `its chunk grid is ${shown(grid.name)}, not regular`);
  }
  if (document.fill_value === undefined || document.fill_value === null) {
    throw corrupt(key, "it has no fill value");
  }
  const lengths = parseLengths(key, grid.configuration.chunk_shape, "chunk_shape", 1);
  return {
    version: 3,
    shape,
    dtype,
    grid: lengths,
    ...parseCodecs(key, document.codecs, shape.length),
    fill: parseFill(key, dtype, document.fill_value),
    keyOf: parseKeys(key, document.chunk_key_encoding),
    ...parseNames(key, document.dimension_names, shape.length),
    attributes: attributesOf(key, document),
    document,
  };
}

/** Parses a point of extension: its name and configuration. */
function extension(
  key: string,
  value: ZarrValue | undefined,
  member: string,
): { name: string; configuration: ZarrObject } {
  if (typeof value === "string") return { name: value, configuration: {} };
  const { name, configuration = {} } = needObject(key, value, member);
  if (typeof name !== "string") throw corrupt(key, `its ${member} has no name`);
  return { name, configuration: needObject(key, configuration, `configuration of ${member}`) };
}

function parseKeys(key: string, encoding: ZarrValue | undefined): ArrayMetadata["keyOf"] {
  const { name, configuration } = extension(key, encoding, "chunk_key_encoding");
  const separator = configuration.separator ?? (name === "v2" ? "." : "/");
  if (separator !== "/" && separator !== ".") {
    throw corrupt(key, "the separator of its keys is neither / nor .");
  }
  if (name === "default") return (indices) => ["c", ...indices].join(separator);
  if (name === "v2") return (indices) => indices.join(separator) || "0";
  throw unsupported(key, `its keys are encoded as ${shown(name)}`);
}

function parseNames(
  key: string,
  value: ZarrValue | undefined,
  count: number,
): Pick<ArrayMetadata, "dimensionNames"> {
  if (value === undefined || value === null) return {};
  const isNames = Array.isArray(value) && value.length === count &&
    value.every((name) => name === null || typeof name === "string");
  if (isNames) return { dimensionNames: value as (string | null)[] };
  throw corrupt(key, "its dimension names do not match its dimensions");
}

function parseCodecs(
  key: string,
  value: ZarrValue | undefined,
  dimensions: number,
): { codecs: ChunkCodecs; sharding?: Sharding } {
  if (!Array.isArray(value)) throw corrupt(key, "its codecs are not a list");
  const all = value.map((codec) => extension(key, codec, "codec"));
  let order: number[] | undefined;
  while (all[0]?.name === "transpose") {
    order = reorder(key, order, { axes: all.shift()!.configuration.order, dimensions });
  }
  const first = all.shift();
  if (first === undefined) throw corrupt(key, "its codecs do not end in bytes");
  const isShards = first.name === "sharding_indexed";
  if (first.name !== "bytes" && !isShards) {
    throw unsupported(key, `unknown codec ${shown(first.name)}`);
  }
  const steps = all.map((codec) => parseStep(key, codec));
  if (isShards) {
    if (order !== undefined || steps.length > 0) {
      throw unsupported(key, "its shards are packed or transposed as a whole");
    }
    return {
      codecs: { isBigEndian: false, steps: [] },
      sharding: parseSharding(key, first.configuration, dimensions),
    };
  }
  const { endian = "little" } = first.configuration;
  if (endian !== "little" && endian !== "big") {
    throw corrupt(key, "its byte order is neither little nor big");
  }
  const isOrdered = order?.some((axis, i) => axis !== i);
  return { codecs: { ...(isOrdered ? { order } : {}), isBigEndian: endian === "big", steps } };
}

function reorder(
  key: string,
  before: number[] | undefined,
  { axes, dimensions }: { axes: ZarrValue | undefined; dimensions: number },
): number[] {
  const order = parseLengths(key, axes, "order of axes");
  const isPermutation = order.length === dimensions &&
    order.toSorted((a, b) => a - b).every((axis, i) => axis === i);
  if (!isPermutation) throw corrupt(key, "its order of axes does not name each once");
  return before === undefined ? order : order.map((axis) => itemAt(before, axis));
}

function parseStep(
  key: string,
  { name, configuration }: { name: string; configuration: ZarrObject },
): BytesCodec {
  if (name === "crc32c") return { name };
  if (name === "zlib") throw unsupported(key, 'codec "zlib" does not exist in version 3');
  return parsePacking(key, name, configuration);
}

function parseSharding(key: string, configuration: ZarrObject, dimensions: number): Sharding {
  const { codecs, sharding } = parseCodecs(key, configuration.codecs, dimensions);
  if (sharding !== undefined) throw unsupported(key, "its shards contain shards");
  const index = parseCodecs(key, configuration.index_codecs, dimensions + 1);
  const steps = index.codecs.steps.map(({ name }) => name);
  const isKnown = index.sharding === undefined && index.codecs.order === undefined &&
    !index.codecs.isBigEndian && ["", "crc32c"].includes(steps.join());
  if (!isKnown) throw unsupported(key, "unsupported codecs of the index of its shards");
  const location = configuration.index_location ?? "end";
  if (location !== "start" && location !== "end") {
    throw corrupt(key, "its index is neither at the start nor the end");
  }
  return {
    chunks: parseLengths(key, configuration.chunk_shape, "chunk_shape of shards", 1),
    codecs,
    hasIndexSum: steps.length > 0,
    isIndexFirst: location === "start",
  };
}

export function arrayDocumentV3(
  metadata: Omit<ArrayMetadata, "document" | "keyOf">,
  separator: string,
): ZarrObject {
  const { shape, grid, dtype, fill, codecs, sharding, dimensionNames, attributes } = metadata;
  const typesize = ELEMENTS[dtype].bytes;
  const chain: ZarrObject[] = sharding === undefined ? stepsText(codecs, typesize) : [{
    name: "sharding_indexed",
    configuration: {
      chunk_shape: [...sharding.chunks],
      codecs: stepsText(sharding.codecs, typesize),
      index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
      index_location: "end",
    },
  }];
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [...shape],
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [...grid] } },
    chunk_key_encoding: { name: "default", configuration: { separator } },
    fill_value: fillText(dtype, fill),
    codecs: chain,
    attributes,
    ...(dimensionNames === undefined ? {} : { dimension_names: [...dimensionNames] }),
  };
}

function stepsText({ steps }: ChunkCodecs, typesize: number): ZarrObject[] {
  const bytes: ZarrObject = typesize === 1
    ? { name: "bytes" }
    : { name: "bytes", configuration: { endian: "little" } };
  const packings = steps.map(({ name, ...configuration }): ZarrObject => {
    if (name === "crc32c") return { name };
    return {
      name,
      configuration: { ...configuration, ...name === "blosc" && { typesize } } as ZarrObject,
    };
  });
  return [bytes, ...packings];
}
