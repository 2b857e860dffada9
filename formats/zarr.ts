/**
 * Zarr arrays, versions 2 and 3: each chunk of an array is an object of a store, so that a part of
 * a large array is read and written without the rest. See
 * <https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>,
 * <https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html> and
 * <https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>.
 *
 * Supported are bool, integer, float and complex types of up to 64 bits per number, either byte
 * order, C and F order and `transpose`, chunks that are uncompressed or use gzip, zstd, Blosc, and
 * zlib in version 2, with `crc32c`, in shards or not. Everything else, such as filters, strings
 * and irregular grids, is `Unsupported`.
 *
 * Changes of an array are not atomic: each object is written whole, chunks before the shape that
 * includes them, but a concurrent reader may see some chunks before and some after. Two writers or
 * handles lose each other's changes if they change one chunk (shard) in part, append, resize or
 * set attributes at the same time: use one writer, or give each its own chunks or shards.
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
export type { ZarrChild, ZarrGroup } from "./zarr/group.ts";
export type { ZarrLimits } from "./zarr/documents/metadata.ts";
export type { ZarrObject, ZarrValue } from "./zarr/documents/metadata_text.ts";
export { createZarrArray, openZarrArray } from "./zarr/nodes.ts";
export type { CreateZarrOptions } from "./zarr/nodes.ts";
export type { AxisSelection, ZarrSelection } from "./zarr/chunks/selection.ts";
export { zarrStore } from "./zarr/store.ts";
export type { ZarrGetOptions, ZarrStore } from "./zarr/store.ts";
