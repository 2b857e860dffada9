// Creates and opens arrays.
import type { CallOptions } from "../../core/backend.ts";
import { areTimes, type DType, ELEMENTS, zipAxes } from "../arrays/ndarray.ts";
import { joinPath, parsePath } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { ArrayHandle, isIndex, type ZarrArray } from "./array.ts";
import { checkAttributes } from "./attributes.ts";
import { checkSizes, parseCodec, usualChunks } from "./documents/metadata.ts";
import type { ArrayMetadata, ZarrCodec, ZarrLimits } from "./documents/metadata.ts";
import { fillBytes, type FillValue } from "./documents/data_types.ts";
import { corrupt, invalid } from "./errors.ts";
import { documentBytes, parseDocument, type ZarrObject } from "./documents/metadata_text.ts";
import { arrayDocumentV2, parseArrayV2 } from "./documents/metadata_v2.ts";
import { arrayDocumentV3, parseArrayV3 } from "./documents/metadata_v3.ts";
import { checkFree, noNode, writableStore, type ZarrStore } from "./store.ts";

/** Options of {@linkcode createZarrArray}. */
export interface CreateZarrOptions<D extends DType = DType> extends ZarrLimits, CallOptions {
  shape: readonly number[];
  dtype: D;
  /** The shape of a chunk, the unit of reads. @default all of it, or pieces of up to 16 MiB */
  chunks?: readonly number[];
  /**
   * The shape of a shard, one stored object; a multiple of chunks. Version 3 only. @default none
   */
  shards?: readonly number[];
  /** Compression of chunks. @default "zstd" */
  codec?: ZarrCodec;
  /** The value of elements that were never written. @default 0, false */
  fillValue?: FillValue;
  /** Version of the format. @default 3 */
  version?: 2 | 3;
  /** Separator of indices in the keys of chunks. @default "/" */
  separator?: "/" | ".";
  /** Version 3 only. */
  dimensionNames?: readonly (string | null)[];
  /** JSON with bigints. */
  attributes?: Readonly<ZarrObject>;
}

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

/** Throws `Invalid` for invalid options. Returns the shape of chunks. */
function checkNew(path: string, options: CreateZarrOptions): readonly number[] {
  const { shape, dtype, shards, version = 3, dimensionNames, separator = "/" } = options;
  const need = (holds: boolean, state: string, hint: string) => {
    if (!holds) throw invalid(path, state, hint);
  };
  const isShape = (value: unknown, least: number) =>
    Array.isArray(value) && value.every((length) => isIndex(length) && length >= least);
  const isGrid = (value: readonly number[]) => isShape(value, 1) && value.length === shape.length;
  const isName = (name: unknown) => name === null || typeof name === "string";
  need(
    Object.hasOwn(ELEMENTS, dtype) && !areTimes(dtype),
    `unknown dtype ${shown(dtype)}`,
    "Use uint8, float32 or another dtype of numbers.",
  );
  need(isShape(shape, 0), "its shape is not a list of lengths", "Use non-negative integers.");
  const { chunks = usualChunks(shape, dtype) } = options;
  need(
    isGrid(chunks),
    "its chunks are not a shape with as many dimensions",
    "Use one positive integer for each dimension.",
  );
  need(
    shards === undefined ||
      isGrid(shards) && zipAxes(shards, chunks).every(([length, chunk]) => length % chunk === 0),
    "its shards are not made of whole chunks",
    "Make each length of a shard a multiple of that of a chunk.",
  );
  need(version === 2 || version === 3, `unknown version ${version}`, "Use version 2 or 3.");
  need(
    version === 3 || shards === undefined && dimensionNames === undefined,
    "version 2 has neither shards nor names of dimensions",
    "Use version 3.",
  );
  need(
    dimensionNames === undefined ||
      Array.isArray(dimensionNames) && dimensionNames.length === shape.length &&
        dimensionNames.every(isName),
    "its dimension names do not match its dimensions",
    "Pass a string or null for each dimension.",
  );
  need(separator === "/" || separator === ".", "unknown separator", 'Use "/" or ".".');
  return chunks;
}

function noughtOf(dtype: DType): FillValue {
  if (dtype === "bool") return false;
  return ELEMENTS[dtype].lanes === 2 ? [0, 0] : 0;
}

/**
 * Creates an array of fill values.
 *
 * @param path its key in the store; empty for the root
 * @throws {RegistryError} `AlreadyExists` if the path has an array or a group, `Invalid` for
 * inconsistent options
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { createZarrArray, openZarrArray, zarrStore } from "@holdfast/holdfast/formats/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * const store = zarrStore(createMemoryFiles());
 * const shape = [0, 2, 2];
 * const options = { shape, dtype: "uint16", chunks: [1, 2, 2] } as const;
 * const planes = await createZarrArray(store, "planes", options);
 * const data = Uint16Array.of(1, 2, 3, 4, 5, 6, 7, 8);
 * await planes.append({ data, shape: [2, 2, 2], dtype: "uint16" });
 *
 * const opened = await openZarrArray(store, "planes");
 * assertEquals(opened.shape, [2, 2, 2]);
 * const part = { data: Uint16Array.of(5, 6), shape: [1, 2], dtype: "uint16" } as const;
 * assertEquals(await opened.read([1, [0, 1]]), part);
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
  // In version 2 the attributes come first, because the other document makes the array exist.
  if (version === 2 && Object.keys(attributes).length > 0) {
    await set(joinPath(at, ".zattrs"), documentBytes(attributes), { signal });
  }
  const key = joinPath(at, version === 3 ? "zarr.json" : ".zarray");
  await set(key, documentBytes(document), { signal });
  return new ArrayHandle(store, at, { metadata, maxBytes }) as ZarrArray as ZarrArray<D>;
}

/**
 * Opens an array of either version, and reads only its documents.
 *
 * @throws {RegistryError} `NotFound` without an array, `Corrupt` for damaged documents,
 * `Unsupported` for unsupported features and for chunks above `maxBytes`
 */
export async function openZarrArray(
  store: ZarrStore,
  path: string,
  options: ZarrLimits & CallOptions & {
    /** Opens only an array of this version. @default both */
    version?: 2 | 3;
  } = {},
): Promise<ZarrArray> {
  const { signal, maxBytes, version } = options;
  const at = parsePath(path);
  const key = joinPath(at, "zarr.json");
  const bytes = version === 2 ? undefined : await store.get(key, { signal });
  if (bytes !== undefined) {
    const document = parseDocument(key, bytes);
    if (document.zarr_format !== 3) throw corrupt(key, "its version is not 3");
    if (document.node_type === "group") throw noNode(store, at, "array", "group");
    if (document.node_type !== "array") throw corrupt(key, "it is neither an array nor a group");
    const metadata = checkSizes(key, parseArrayV3(key, document), options);
    return new ArrayHandle(store, at, { metadata, maxBytes });
  }
  if (version === 3) throw noNode(store, at, "array");
  const oldKey = joinPath(at, ".zarray");
  const [old, attributes] = await Promise.all([
    store.get(oldKey, { signal }),
    store.get(joinPath(at, ".zattrs"), { signal }),
  ]);
  if (old === undefined) throw noNode(store, at, "array");
  const document = parseDocument(oldKey, old);
  if (document.zarr_format !== 2) throw corrupt(oldKey, "its version is not 2");
  const noted = attributes === undefined ? {} : parseDocument(joinPath(at, ".zattrs"), attributes);
  const metadata = checkSizes(oldKey, parseArrayV2(oldKey, document, noted), options);
  return new ArrayHandle(store, at, { metadata, maxBytes });
}
