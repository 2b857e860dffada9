// Arrays in files, read box by box: `.npy`, TIFF and zarr.
import { readAll } from "../../../../core/bytes/bytes.ts";
import { corrupt, fault } from "../../../../core/errors.ts";
import type { FileToDecode } from "../../../../core/file_store.ts";
import { forEachAtOnce } from "../../../../core/work/at_once.ts";
import { copyBox, stridesOf } from "../../../../formats/arrays/copy_box.ts";
import { countElements, type DType, ELEMENTS } from "../../../../formats/arrays/ndarray.ts";
import type { NDArray } from "../../../../formats/arrays/ndarray.ts";
import type { NpyHeader } from "../../../../formats/arrays/npy_header.ts";
import { HOST_BIG_ENDIAN, swapBytes } from "../../../../formats/arrays/view_bytes.ts";
import { readNpyHeader } from "../../../../formats/npy.ts";
import { readPages, readRegion } from "../../../../formats/tiff.ts";
import type { ZarrArray } from "../../../../formats/zarr.ts";
import { fileToDecode } from "../file_to_decode.ts";
import type { ArtifactFile } from "../../artifact_file.ts";

/** Indices of an axis: `start`, `start + step`, … */
export interface AxisRange {
  start: number;
  count: number;
  step?: number;
}

/** An array that is read box by box. */
export interface ArraySource {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly axes: readonly string[];
  /** The number of requests that a box takes, about. */
  costOf(box: readonly AxisRange[]): number;
  /** Reads a box. The result has all axes. */
  read(box: readonly AxisRange[], signal?: AbortSignal): Promise<NDArray>;
}

/** Bytes that are read at once although only some are wanted. */
const COVER_BYTES = 4 * 1024 * 1024;
const MAX_BOX_BYTES = 64 * 1024 * 1024;

/** Opens the array of a file, `.npy` or TIFF. Reads only its headers. */
export async function openArrayFile(
  file: ArtifactFile,
  signal?: AbortSignal,
): Promise<ArraySource> {
  const opened = fileToDecode(file);
  if (/\.tiff?$/i.test(file.path) || file.mediaType === "image/tiff") {
    return await openTiffArray(opened, signal);
  }
  return npySource(opened, await readNpyHeader(opened, signal));
}

/** A part of an array that is read by one request, and its place in the result. */
interface Piece {
  box: readonly Required<AxisRange>[];
  offset: number;
}

function npySource(file: FileToDecode, header: NpyHeader): ArraySource {
  const { dtype, shape, fortranOrder, bigEndian, dataOffset } = header;
  const { bytes: itemBytes, lanes, array } = ELEMENTS[dtype];
  const strides = fortranOrder
    ? shape.map((_, axis) => countElements(shape.slice(0, axis)))
    : stridesOf(shape);
  const extentOf = (box: Piece["box"]) =>
    box.reduce((sum, { count, step }, axis) => sum + (count - 1) * step * strides[axis]!, 1);
  const isCovered = (box: Piece["box"]) => extentOf(box) * itemBytes <= COVER_BYTES;
  const outermost = (box: Piece["box"]) =>
    box.reduce((best, { count }, axis) => {
      return count > 1 && (best < 0 || strides[axis]! > strides[best]!) ? axis : best;
    }, -1);

  /** Splits a box at its slowest axis until each piece is dense enough. */
  function* piecesOf(piece: Piece, target: readonly number[]): Generator<Piece> {
    const { box, offset } = piece;
    const axis = outermost(box);
    if (axis < 0 || isCovered(box)) return void (yield piece);
    const { start, count, step } = box[axis]!;
    for (let i = 0; i < count; i++) {
      const one = box.with(axis, { start: start + i * step, count: 1, step });
      yield* piecesOf({ box: one, offset: offset + i * target[axis]! }, target);
    }
  }

  async function read(box: readonly AxisRange[], signal?: AbortSignal): Promise<NDArray> {
    const full = box.map(({ start, count, step = 1 }) => ({ start, count, step }));
    const counts = full.map(({ count }) => count);
    checkBox(file.path, counts, dtype);
    const bytes = new Uint8Array(countElements(counts) * itemBytes);
    const target = stridesOf(counts);
    const pieces = counts.includes(0) ? [] : piecesOf({ box: full, offset: 0 }, target);
    await forEachAtOnce(pieces, async ({ box, offset }) => {
      const first = box.reduce((sum, { start }, axis) => sum + start * strides[axis]!, 0);
      const range = { offset: dataOffset + first * itemBytes, length: extentOf(box) * itemBytes };
      const found = await readAll(file.stream(range), signal);
      const steps = box.map(({ step }, axis) => step * strides[axis]!);
      const shape = box.map(({ count }) => count);
      const to = { bytes, strides: target, offset };
      copyBox({ bytes: found, strides: steps, offset: 0 }, to, { shape, itemBytes });
    }, { concurrency: 6 });
    if (bigEndian !== HOST_BIG_ENDIAN && itemBytes > lanes) swapBytes(bytes, itemBytes / lanes);
    const data = new array(bytes.buffer, 0, countElements(counts) * lanes);
    return { data, shape: counts, dtype };
  }

  function costOf(box: readonly AxisRange[]): number {
    let [cost, rest] = [1, box.map(({ start, count, step = 1 }) => ({ start, count, step }))];
    for (let axis; (axis = outermost(rest)) >= 0 && !isCovered(rest);) {
      cost *= rest[axis]!.count;
      rest = rest.with(axis, { ...rest[axis]!, count: 1 });
    }
    return cost;
  }

  return { dtype, shape, axes: shape.map((_, axis) => `axis ${axis}`), costOf, read };
}

function checkBox(path: string, counts: readonly number[], dtype: DType): void {
  const bytes = countElements(counts) * ELEMENTS[dtype].bytes;
  if (bytes <= MAX_BOX_BYTES) return;
  const state = `a slice has ${bytes} bytes, ${MAX_BOX_BYTES} are shown`;
  throw fault({ code: "Unsupported", action: "preview", subject: path, state });
}

/** Most pixels of a TIFF file that are decoded at once. */
const MAX_PIXELS = 16 * 1024 * 1024;

/** Pages of one size become an axis; else the first page is the array. */
async function openTiffArray(file: FileToDecode, signal?: AbortSignal): Promise<ArraySource> {
  const pages = await readPages(file, { signal });
  const [first] = pages;
  if (first === undefined) throw corrupt("preview", file.path, "it has no pages");
  const { width, height, channels, dtype } = first;
  const areAlike = pages.every((page) => {
    return page.width === width && page.height === height && page.channels === channels &&
      page.dtype === dtype;
  });
  const shape = [areAlike ? pages.length : 1, height, width, channels];
  const axes = ["page", "y", "x", "channel"];
  const costOf = (box: readonly AxisRange[]) => box[0]!.count * 4;
  return {
    dtype,
    shape,
    axes,
    costOf,
    async read(box, signal) {
      const counts = box.map(({ count }) => count);
      checkBox(file.path, counts, dtype);
      const { array, bytes: itemBytes } = ELEMENTS[dtype];
      const bytes = new Uint8Array(countElements(counts) * itemBytes);
      const target = stridesOf(counts);
      const [pages, y, x] = box.map(({ start, count, step = 1 }) => {
        return { start, count, step, extent: Math.max(0, (count - 1) * step + 1) };
      });
      for (let i = 0; !counts.includes(0) && i < pages!.count; i++) {
        const page = pages!.start + i * pages!.step;
        const rectangle = { x: x!.start, y: y!.start, width: x!.extent, height: y!.extent };
        const image = await readRegion(file, { ...rectangle, page, maxPixels: MAX_PIXELS, signal });
        const source = stridesOf([1, y!.extent, x!.extent, channels]);
        const from = {
          bytes: new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength),
          strides: source.map((stride, axis) => stride * (box[axis]!.step ?? 1)),
          offset: box[3]!.start,
        };
        const to = { bytes, strides: target, offset: i * target[0]! };
        copyBox(from, to, { shape: counts.with(0, 1), itemBytes });
      }
      return { data: new array(bytes.buffer, 0, countElements(counts)), shape: counts, dtype };
    },
  };
}

export function zarrSource(zarr: ZarrArray, axes?: readonly string[]): ArraySource {
  const { shape, dtype, chunks, dimensionNames } = zarr;
  const named = shape.map((_, axis) => axes?.[axis] ?? dimensionNames?.[axis] ?? `axis ${axis}`);
  return {
    dtype,
    shape,
    axes: named,
    costOf: (box) =>
      box.reduce((product, { start, count, step = 1 }, axis) => {
        const chunk = chunks[axis]!;
        const last = Math.floor((start + (count - 1) * step) / chunk);
        return product * Math.max(1, Math.min(count, last - Math.floor(start / chunk) + 1));
      }, 1),
    async read(box, signal) {
      checkBox(zarr.path, box.map(({ count }) => count), dtype);
      const selection = box.map(({ start, count, step = 1 }) => {
        return [
          start,
          Math.min(start + count * step, start + (count - 1) * step + 1),
          step,
        ] as const;
      });
      return await zarr.read(selection, { signal });
    },
  };
}
