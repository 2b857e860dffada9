// Making and opening arrays: the documents of a path.
import type { CallOptions } from "../../core/backend.ts";
import { areTimes, type DType, ELEMENTS } from "../arrays/ndarray.ts";
import { parsePath } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { arrayHandle, isIndex, type ZarrArray } from "./array.ts";
import { checkAttributes } from "./attributes.ts";
import { checkSizes, parseCodec, usualChunks } from "./documents/metadata.ts";
import type { ArrayMetadata, ZarrCodec, ZarrLimits } from "./documents/metadata.ts";
import { fillBytes, type FillValue } from "./documents/data_types.ts";
import { corruptZarr, invalidZarr } from "./errors.ts";
import { documentBytes, parseDocument, type ZarrObject } from "./documents/metadata_text.ts";
import { arrayDocumentV2, parseArrayV2 } from "./documents/metadata_v2.ts";
import { arrayDocumentV3, parseArrayV3 } from "./documents/metadata_v3.ts";
import { checkFree, keyBelow, noNode, writableStore, type ZarrStore } from "./store.ts";

/** Options of {@linkcode createZarrArray}. */
export interface CreateZarrOptions<D extends DType = DType> extends ZarrLimits, CallOptions {
  shape: readonly number[];
  dtype: D;
  /** The shape of a chunk, the least that is read. @default all of it, or pieces of up to 16 MiB */
  chunks?: readonly number[];
  /** The shape of a shard, which is one stored object: on each axis a multiple of that of chunks. Version 3 only. @default none */
  shards?: readonly number[];
  /** How chunks are packed. @default "zstd" */
  codec?: ZarrCodec;
  /** What stands where nothing was written. @default 0, false */
  fillValue?: FillValue;
  /** The version of the format. @default 3 */
  version?: 2 | 3;
  /** What stands between the indices in the keys of chunks. @default "/" */
  separator?: "/" | ".";
  /** What the dimensions are called. Version 3 only. */
  dimensionNames?: readonly (string | null)[];
  /** What is noted beside it: what JSON has, and bigints. */
  attributes?: Readonly<ZarrObject>;
}

/** Options of {@linkcode openZarrArray}. */
export interface OpenZarrOptions extends ZarrLimits, CallOptions {
  /** Only an array of this version is looked for. @default both */
  version?: 2 | 3;
}

/** Returns what an array will be, checked before anything is written. */
function newMetadata(path: string, options: CreateZarrOptions): ArrayMetadata {
  const { shape, dtype, shards, codec, version = 3, dimensionNames, separator = "/" } = options;
  const chunks = checkNew(path, options);
  const { attributes = {}, fillValue = noughtOf(dtype) } = options;
  checkAttributes(path, attributes);
  const codecs = { isBigEndian: false, steps: parseCodec(path, codec) };
  const own = structuredClone(attributes) as ZarrObject;
  const plain = {
    version,
    shape,
    dtype,
    grid: shards ?? chunks,
    codecs,
    ...shards && { sharding: { chunks, codecs, hasIndexSum: true, isIndexFirst: false } },
    fill: fillBytes(path, dtype, fillValue),
    ...dimensionNames && { dimensionNames },
    attributes: own,
  };
  const metadata = version === 3
    ? parseArrayV3(path, arrayDocumentV3(plain, separator))
    : parseArrayV2(path, arrayDocumentV2(plain, separator), own);
  return checkSizes(path, metadata, options);
}

/** Throws `Invalid` for options that no array can have. Returns the shape of its chunks. */
function checkNew(path: string, options: CreateZarrOptions): readonly number[] {
  const { shape, dtype, shards, version = 3, dimensionNames, separator = "/" } = options;
  const need = (holds: boolean, state: string, hint: string) => {
    if (!holds) throw invalidZarr(path, state, hint);
  };
  const isShape = (given: unknown, least: number) =>
    Array.isArray(given) && given.every((length) => isIndex(length) && length >= least);
  const isGrid = (given: readonly number[]) => isShape(given, 1) && given.length === shape.length;
  const isName = (name: unknown) => name === null || typeof name === "string";
  need(
    Object.hasOwn(ELEMENTS, dtype) && !areTimes(dtype),
    `there are no elements of type ${shown(dtype)}`,
    "Take uint8, float32 or the like.",
  );
  need(isShape(shape, 0), "its shape is no list of lengths", "A length is a whole number from 0.");
  const { chunks = usualChunks(shape, dtype) } = options;
  need(
    isGrid(chunks),
    "its chunks are no shape of as many dimensions",
    "Each length of a chunk is a whole number from 1.",
  );
  need(
    shards === undefined ||
      isGrid(shards) && shards.every((length, axis) => length % chunks[axis] === 0),
    "its shards are not made of whole chunks",
    "Each length of a shard is a multiple of that of a chunk.",
  );
  need(version === 2 || version === 3, `there is no version ${version}`, "Versions are 2 and 3.");
  need(
    version === 3 || shards === undefined && dimensionNames === undefined,
    "version 2 has neither shards nor names of dimensions",
    "Take version 3.",
  );
  need(
    dimensionNames === undefined ||
      Array.isArray(dimensionNames) && dimensionNames.length === shape.length &&
        dimensionNames.every(isName),
    "its dimension names are not one for each dimension",
    "A name is a text, or null.",
  );
  need(
    separator === "/" || separator === ".",
    "its separator is neither / nor .",
    "Take one of the two.",
  );
  return chunks;
}

function noughtOf(dtype: DType): FillValue {
  if (dtype === "bool") return false;
  return ELEMENTS[dtype].lanes === 2 ? [0, 0] : 0;
}

/**
 * Creates an array, in which the fill value stands everywhere.
 *
 * @param path its key in the store; empty: the root
 * @throws {RegistryError} `AlreadyExists` where an array or a group is at the path, `Invalid` for shapes that do not go
 * together
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { createZarrArray, openZarrArray, zarrStore } from "@holdfast/holdfast/formats/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * const store = zarrStore(createMemoryFiles());
 * const planes = await createZarrArray(store, "planes", { shape: [0, 2, 2], dtype: "uint16", chunks: [1, 2, 2] });
 * await planes.append({ data: Uint16Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 2, 2], dtype: "uint16" });
 *
 * const opened = await openZarrArray(store, "planes");
 * assertEquals(opened.shape, [2, 2, 2]);
 * assertEquals(await opened.read([1, [0, 1]]), { data: Uint16Array.of(5, 6), shape: [1, 2], dtype: "uint16" });
 * ```
 */
export async function createZarrArray<D extends DType>(
  store: ZarrStore,
  path: string,
  options: CreateZarrOptions<D>,
): Promise<ZarrArray<D>> {
  const { signal, maxBytes } = options;
  const at = parsePath(path);
  const metadata = newMetadata(at, options);
  const { set } = writableStore(store, "create zarr");
  await checkFree(store, at, options);
  const { attributes, document, version } = metadata;
  // Of version 2 the attributes come first: the array is there with its document.
  if (version === 2 && Object.keys(attributes).length > 0) {
    await set(keyBelow(at, ".zattrs"), documentBytes(attributes), { signal });
  }
  await set(keyBelow(at, version === 3 ? "zarr.json" : ".zarray"), documentBytes(document), {
    signal,
  });
  return arrayHandle(store, at, { metadata, maxBytes }) as ZarrArray<D>;
}

/**
 * Opens an array of either version. Only its documents are read.
 *
 * @throws {RegistryError} `NotFound` where no array is, `Corrupt` for damaged documents, `Unsupported` for what is
 * written in a way that is not read here, and for chunks of more than `maxBytes`
 */
export async function openZarrArray(
  store: ZarrStore,
  path: string,
  options: OpenZarrOptions = {},
): Promise<ZarrArray> {
  const { signal, maxBytes, version } = options;
  const at = parsePath(path);
  const key = keyBelow(at, "zarr.json");
  const bytes = version === 2 ? undefined : await store.get(key, { signal });
  if (bytes !== undefined) {
    const document = parseDocument(key, bytes);
    if (document.zarr_format !== 3) throw corruptZarr(key, "it is not of version 3");
    if (document.node_type === "group") {
      throw noNode(store, at, { wanted: "array", found: "group" });
    }
    if (document.node_type !== "array") {
      throw corruptZarr(key, "it is neither an array nor a group");
    }
    const metadata = checkSizes(key, parseArrayV3(key, document), options);
    return arrayHandle(store, at, { metadata, maxBytes });
  }
  if (version === 3) throw noNode(store, at, { wanted: "array" });
  const oldKey = keyBelow(at, ".zarray");
  const [old, attributes] = await Promise.all([
    store.get(oldKey, { signal }),
    store.get(keyBelow(at, ".zattrs"), { signal }),
  ]);
  if (old === undefined) throw noNode(store, at, { wanted: "array" });
  const document = parseDocument(oldKey, old);
  if (document.zarr_format !== 2) throw corruptZarr(oldKey, "it is not of version 2");
  const noted = attributes === undefined ? {} : parseDocument(keyBelow(at, ".zattrs"), attributes);
  return arrayHandle(store, at, {
    metadata: checkSizes(oldKey, parseArrayV2(oldKey, document, noted), options),
    maxBytes,
  });
}
