/**
 * Formats of files: a table of all of them by extension, and those that need no package. The others have
 * entry points of their own (`./formats/csv`, `./formats/png`, …); `createFormats` loads them when a file
 * of their kind is first read or written.
 *
 * @module
 */
export { npz, tar, tgz, zip } from "./archive.ts";
export type { NamedArrays, NpzOptions, ZipOptions } from "./archive.ts";
export type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
export type { ZipLimits } from "./archive/zip_directory.ts";
export type { DataOf, DType, NDArray, TypedArray } from "./arrays/ndarray.ts";
export { bmp } from "./bmp.ts";
export { bytes, type RawContent } from "./bytes.ts";
export type * from "./content/format.ts";
export { createFormats, type Formats } from "./formats.ts";
export { gif, readFrames } from "./gif.ts";
export type { GifFrame, GifOptions } from "./gif.ts";
export { isImage, toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";
export { json, type JsonOptions } from "./json.ts";
export { jsonl, readJsonLines } from "./jsonl.ts";
export type { JsonLine, JsonLinesOptions } from "./jsonl.ts";
export { npy, readSlice, type SliceOptions } from "./npy.ts";
export { text } from "./text.ts";
export { readPages, readRegion, tiff } from "./tiff.ts";
export type { RegionOptions, TiffOptions, TiffPage } from "./tiff.ts";
export type { Rectangle } from "./tiff/read_page.ts";
