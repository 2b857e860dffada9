// Arrays in files, read box by box: `.npy`, TIFF and zarr.
import { readAll } from "../../../../core/bytes/bytes.ts";
import { corrupt, fault } from "../../../../core/errors.ts";
import type { FileToDecode } from "../../../../core/file_store.ts";
import { forEachAtOnce } from "../../../../core/work/at_once.ts";
import { copyBox, stridesOf } from "../../../../formats/arrays/copy_box.ts";
import {
  countElements,
  type DType,
  ELEMENTS,
  zipAxes,
} from "../../../../formats/arrays/ndarray.ts";
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

/** A range of an axis, with the elements from one index to the next in the file and in the result. */
interface Side extends Required<AxisRange> {
  stride: number;
  target: number;
}

/** A part of an array that is read by one request, and its place in the result. */
interface Piece {
  sides: readonly Side[];
  offset: number;
}

function npySource(file: FileToDecode, header: NpyHeader): ArraySource {
  const { dtype, shape, fortranOrder, bigEndian, dataOffset } = header;
  const { bytes: itemBytes, lanes, array } = ELEMENTS[dtype];
  const strides = fortranOrder
    ? shape.map((_, axis) => countElements(shape.slice(0, axis)))
    : stridesOf(shape);
  const sidesOf = (box: readonly AxisRange[]): Side[] => {
    const targets = stridesOf(box.map(({ count }) => count));
    return zipAxes<[AxisRange, number, number]>(box, strides, targets).map(
      ([{ start, count, step = 1 }, stride, target]) => ({ start, count, step, stride, target }),
    );
  };
  const extentOf = (sides: readonly Side[]) =>
    sides.reduce((sum, { count, step, stride }) => sum + (count - 1) * step * stride, 1);
  /** Returns the slowest axis of a box that is not dense enough to be read at once. */
  const slowest = (sides: readonly Side[]) => {
    if (extentOf(sides) * itemBytes <= COVER_BYTES) return undefined;
    return sides.filter(({ count }) => count > 1).toSorted((a, b) => b.stride - a.stride).at(0);
  };

  /** Splits a box at its slowest axis until each piece is dense enough. */
  function* piecesOf(piece: Piece): Generator<Piece> {
    const { sides, offset } = piece;
    const split = slowest(sides);
    if (split === undefined) return void (yield piece);
    for (let i = 0; i < split.count; i++) {
      const one = { ...split, start: split.start + i * split.step, count: 1 };
      yield* piecesOf({
        sides: sides.map((side) => side === split ? one : side),
        offset: offset + i * split.target,
      });
    }
  }

  async function read(box: readonly AxisRange[], signal?: AbortSignal): Promise<NDArray> {
    const counts = box.map(({ count }) => count);
    checkBox(file.path, counts, dtype);
    const bytes = new Uint8Array(countElements(counts) * itemBytes);
    const pieces = counts.includes(0) ? [] : piecesOf({ sides: sidesOf(box), offset: 0 });
    await forEachAtOnce(pieces, async ({ sides, offset }) => {
      const first = sides.reduce((sum, { start, stride }) => sum + start * stride, 0);
      const range = { offset: dataOffset + first * itemBytes, length: extentOf(sides) * itemBytes };
      const steps = sides.map(({ step, stride }) => step * stride);
      const from = { bytes: await readAll(file.stream(range), signal), strides: steps, offset: 0 };
      const to = { bytes, strides: sides.map(({ target }) => target), offset };
      copyBox(from, to, { shape: sides.map(({ count }) => count), itemBytes });
    }, { concurrency: 6 });
    if (bigEndian !== HOST_BIG_ENDIAN && itemBytes > lanes) swapBytes(bytes, itemBytes / lanes);
    const data = new array(bytes.buffer, 0, countElements(counts) * lanes);
    return { data, shape: counts, dtype };
  }

  function costOf(box: readonly AxisRange[]): number {
    let [cost, sides] = [1, sidesOf(box)];
    for (let split; (split = slowest(sides)) !== undefined;) {
      const { count } = split;
      cost *= count;
      sides = sides.map((side) => side === split ? { ...side, count: 1 } : side);
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
  const costOf = ([pages]: readonly AxisRange[]) => (pages?.count ?? 0) * 4;
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
      const [pages, y, x, channel] = box as readonly [AxisRange, AxisRange, AxisRange, AxisRange];
      const extentOf = ({ count, step = 1 }: AxisRange) => Math.max(0, (count - 1) * step + 1);
      const [height, width] = [extentOf(y), extentOf(x)];
      const source = stridesOf([1, height, width, channels]);
      for (let i = 0; !counts.includes(0) && i < pages.count; i++) {
        const page = pages.start + i * (pages.step ?? 1);
        const rectangle = { x: x.start, y: y.start, width, height };
        const image = await readRegion(file, { ...rectangle, page, maxPixels: MAX_PIXELS, signal });
        const from = {
          bytes: new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength),
          strides: zipAxes<[number, AxisRange]>(source, box).map(([stride, { step = 1 }]) =>
            stride * step
          ),
          offset: channel.start,
        };
        const to = { bytes, strides: target, offset: i * y.count * x.count * channel.count };
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
      zipAxes<[AxisRange, number]>(box, chunks).reduce((product, [range, chunk]) => {
        const { start, count, step = 1 } = range;
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
