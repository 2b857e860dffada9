/**
 * Arrays in zarr, versions 2 and 3: chunks of an n-dimensional array, each an object of a store, so that a part of a
 * large array is read and written without the rest. The formats are those of
 * <https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html> with
 * <https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html>, and
 * <https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>.
 *
 * What is read: all bool, integer, float and complex types up to 64 bits a number, either byte order, C and F order and
 * `transpose`, chunks as they are or packed by gzip, zstd, Blosc, and zlib in version 2, with `crc32c`, in shards or not.
 * Everything else, such as filters, texts and grids that are not regular, is `Unsupported`.
 *
 * What is not atomic: an array is many objects. Each is written whole, chunks before the shape that includes them; but
 * who reads while others write may see some chunks before and some after. Two writers, or two handles, that change one
 * chunk (one shard) in part, append, resize or set attributes at the same time lose changes of one another: let one
 * write, or give each chunks, or shards, of its own.
 *
 * @module
 */
import type { CallOptions } from "../core/backend.ts";
import type { DType } from "../core/bytes/ndarray.ts";
import type { ZarrArray } from "./zarr/array.ts";
import { createGroup, openGroup } from "./zarr/group.ts";
import type { CreateZarrGroupOptions, ZarrGroup } from "./zarr/group.ts";
import { createArray, openArray } from "./zarr/nodes.ts";
import type { CreateZarrOptions, OpenZarrOptions } from "./zarr/nodes.ts";
import type { ZarrStore } from "./zarr/store.ts";

export type { ByteRange, CallOptions } from "../core/backend.ts";
export type { DataOf, DType, NDArray, TypedArray } from "../core/bytes/ndarray.ts";
export type { AnyFileStore, FileSink, FileStore, ReadableFileStore } from "../core/file_store.ts";
export type { ZarrArray, ZarrWriteOptions } from "./zarr/array.ts";
export type { ZarrCodec } from "./zarr/documents/codec_options.ts";
export type { FillValue } from "./zarr/documents/data_types.ts";
export type { CreateZarrGroupOptions, ZarrChild, ZarrGroup } from "./zarr/group.ts";
export type { ZarrLimits } from "./zarr/documents/metadata.ts";
export type { ZarrObject, ZarrValue } from "./zarr/documents/metadata_text.ts";
export type { CreateZarrOptions, OpenZarrOptions } from "./zarr/nodes.ts";
export type { AxisSelection, ZarrSelection } from "./zarr/chunks/selection.ts";
export { usualChunks } from "./zarr/documents/usual_chunks.ts";
export { zarrStore } from "./zarr/store.ts";
export type { ZarrGetOptions, ZarrStore } from "./zarr/store.ts";

/**
 * Creates an array, in which the fill value stands everywhere.
 *
 * @param path its key in the store; empty: the root
 * @throws {RegistryError} `AlreadyExists` where an array or a group is at the path, `Invalid` for shapes that do not go
 * together
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files/memory";
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
  return await createArray(store, path, options);
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
  return await openArray(store, path, options);
}

/** Creates a group: a path below which arrays and groups lie. `AlreadyExists` where an array or a group is. */
export async function createZarrGroup(
  store: ZarrStore,
  path: string,
  options: CreateZarrGroupOptions = {},
): Promise<ZarrGroup> {
  return await createGroup(store, path, options);
}

/** Opens a group of either version, or `NotFound`. */
export async function openZarrGroup(
  store: ZarrStore,
  path: string,
  options: CallOptions = {},
): Promise<ZarrGroup> {
  return await openGroup(store, path, options);
}
