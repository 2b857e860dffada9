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
export type { ByteRange, CallOptions } from "../core/backend.ts";
export type { DataOf, DType, NDArray, TypedArray } from "./arrays/ndarray.ts";
export type { AnyFileStore, FileSink, FileStore, ReadableFileStore } from "../core/file_store.ts";
export type { ZarrArray, ZarrWriteOptions } from "./zarr/array.ts";
export type { ZarrCodec } from "./zarr/documents/metadata.ts";
export type { FillValue } from "./zarr/documents/data_types.ts";
export { createZarrGroup, openZarrGroup } from "./zarr/group.ts";
export type { CreateZarrGroupOptions, ZarrChild, ZarrGroup } from "./zarr/group.ts";
export type { ZarrLimits } from "./zarr/documents/metadata.ts";
export type { ZarrObject, ZarrValue } from "./zarr/documents/metadata_text.ts";
export { createZarrArray, openZarrArray } from "./zarr/nodes.ts";
export type { CreateZarrOptions, OpenZarrOptions } from "./zarr/nodes.ts";
export type { AxisSelection, ZarrSelection } from "./zarr/chunks/selection.ts";
export { usualChunks } from "./zarr/documents/metadata.ts";
export { zarrStore } from "./zarr/store.ts";
export type { ZarrGetOptions, ZarrStore } from "./zarr/store.ts";
