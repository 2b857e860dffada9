// Levels of images: their sizes and locations, and their computation from the one before.
import type { DType } from "../../formats/mod.ts";
import { fault, itemAt, type RegistryError, shown } from "../../core/kernel.ts";
import { ELEMENTS, zipAxes } from "../../formats/arrays/ndarray.ts";
import type { CallOptions, ZarrArray, ZarrCodec } from "../../formats/zarr.ts";
import type { Axes } from "./axes.ts";
import { type Downsampling, halve } from "./halve.ts";
import type { LevelMetadata } from "./image_metadata.ts";
import type { OmeVersion } from "./version.ts";

/** The layout of an image. */
export interface ImageLayout {
  /** The dimensions, in order: `tczyx`, or in full, with units. Time comes first, space last. */
  axes: Axes;
  /** The distance of elements along each axis, in its unit. @default 1 for each */
  scale?: readonly number[];
  /** The location of the first element along each axis, in its unit. @default 0 for each */
  translation?: readonly number[];
  /** The number of levels. @default until no side is longer than 512 */
  levels?: number;
  /** The method that halves each level in the last two axes. @default "mean" */
  downsampling?: Downsampling;
  /** The chunks of each level. @default a plane, or tiles of 1024 if a side is longer than 2048 */
  chunks?: readonly number[];
  /**
   * The shards, multiples of chunks: each is one object whose chunks are read separately; `null`
   * for none. @default neighboring chunks of up to 16 MiB; none in version 0.4, which has no shards
   */
  shards?: readonly number[] | null;
  /** The compression of chunks. @default "zstd" */
  codec?: ZarrCodec;
}

const LAST_SIDE = 512;

export function levelShapes(shape: readonly number[], levels?: number): number[][] {
  if (levels !== undefined && !(Number.isSafeInteger(levels) && levels >= 1 && levels <= 30)) {
    throw invalidImage(`levels is ${shown(levels)}`, "Pass a number from 1 to 30.");
  }
  const shapes = [[...shape]];
  for (;;) {
    const last = itemAt(shapes, -1);
    const isEnough = levels === undefined
      ? last.slice(-2).every((side) => side <= LAST_SIDE)
      : shapes.length === levels;
    if (isEnough || last.length < 2) return shapes;
    shapes.push([...last.slice(0, -2), ...last.slice(-2).map((side) => Math.ceil(side / 2))]);
  }
}

/** Places the elements of levels: a mean between its elements, the nearest at the first one. */
export function placeLevels(
  shapes: readonly number[][],
  layout: Omit<ImageLayout, "axes">,
): LevelMetadata[] {
  const [first = []] = shapes;
  const ones = first.map(() => 1);
  const { scale = ones, translation = ones.map(() => 0), downsampling = "mean" } = layout;
  return shapes.map((shape, i) => {
    const factors = shape.map((_, axis) => axis < shape.length - 2 ? 1 : 2 ** i);
    const shift = downsampling === "mean" ? 0.5 : 0;
    return {
      path: String(i),
      scale: zipAxes(scale, factors).map(([step, factor]) => step * factor),
      translation: zipAxes(translation, scale, factors).map(
        ([offset, step, factor]) => offset + step * shift * (factor - 1),
      ),
    };
  });
}

export function cutsOf(
  shape: readonly number[],
  dtype: DType,
  { version, chunks = planeChunks(shape), shards }: Pick<ImageLayout, "chunks" | "shards"> & {
    version: OmeVersion;
  },
): { chunks: readonly number[]; shards?: readonly number[] } {
  if (shards !== undefined && shards !== null) return { chunks, shards };
  if (shards === null || version === "0.4") return { chunks };
  const grown = growBlock(shape, chunks, MAX_BLOCK_BYTES / ELEMENTS[dtype].bytes);
  return grown.every((length, axis) => length === chunks[axis])
    ? { chunks }
    : { chunks, shards: grown };
}

/** Returns the blocks in which an array is written: whole objects, several if they are small. */
function writtenBlocks({ shape, dtype, chunks, shards }: ZarrArray): Iterable<Box> {
  const most = MAX_BLOCK_BYTES / ELEMENTS[dtype].bytes;
  return blocksOf(shape, growBlock(shape, shards ?? chunks, most));
}

export async function copyArray(
  source: ZarrArray,
  target: ZarrArray,
  { signal }: CallOptions = {},
): Promise<void> {
  for (const { from, to } of writtenBlocks(target)) {
    const block = await source.read(zipAxes(from, to), { signal });
    await target.write(block, { at: from, signal });
  }
}

/** Fills an array with another one at half the size, a block at a time. */
export async function halveArray(
  source: ZarrArray,
  target: ZarrArray,
  { downsampling, signal }: CallOptions & { downsampling: Downsampling },
): Promise<void> {
  const { shape } = source;
  for (const { from, to } of writtenBlocks(target)) {
    const area = zipAxes(from, to, shape).map(([start, stop, length], axis) => {
      const factor = axis < shape.length - 2 ? 1 : 2;
      return [start * factor, Math.min(stop * factor, length)] as const;
    });
    await target.write(halve(await source.read(area, { signal }), downsampling), {
      at: from,
      signal,
    });
  }
}

export function invalidImage(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "write the image", state, hint });
}

/**
 * The longest side of a chunk that spans the image; longer images have chunks of {@linkcode TILE}.
 */
const WHOLE_SIDE = 2048;
const TILE = 1024;
/** The largest shard, and the largest block in memory, unless one chunk is larger. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** Returns the default chunks: a plane, or tiles of a large one. */
function planeChunks(shape: readonly number[]): number[] {
  return shape.map((length, axis) => {
    if (axis < shape.length - 2) return 1;
    return Math.max(1, length <= WHOLE_SIDE ? length : TILE);
  });
}

/**
 * Extends a unit, along the last axes first, to a block of neighboring units with at most
 * `maxElements`, but at least one unit.
 */
export function growBlock(
  shape: readonly number[],
  unit: readonly number[],
  maxElements: number,
): number[] {
  const block = [...unit];
  let elements = block.reduce((product, length) => product * length, 1);
  for (const [axis, [length, unitLength]] of [...zipAxes(shape, unit).entries()].toReversed()) {
    const units = Math.max(1, Math.ceil(length / unitLength));
    const fitting = Math.max(1, Math.min(units, Math.floor(maxElements / elements)));
    block[axis] = unitLength * fitting;
    elements *= fitting; // if not all units fit, the other axes get one each
  }
  return block;
}

/** A part of an array: its first index, and the one after its last, per dimension. */
interface Box {
  from: number[];
  to: number[];
}

/** Iterates over the blocks of an array in order; the last ones are cut. */
export function* blocksOf(
  [length, ...shape]: readonly number[],
  [size, ...block]: readonly number[],
): Generator<Box> {
  if (length === undefined || size === undefined) return yield { from: [], to: [] };
  if (shape.includes(0)) return;
  for (let start = 0; start < length; start += size) {
    for (const { from, to } of blocksOf(shape, block)) {
      yield { from: [start, ...from], to: [Math.min(start + size, length), ...to] };
    }
  }
}
