// The levels of an image: how large they are, where their elements are, and how each is made of the
// one before.
import type { CallOptions } from "../../core/backend.ts";
import { type DType, ELEMENTS } from "../../formats/arrays/ndarray.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrArray, ZarrCodec } from "../../formats/zarr.ts";
import type { Axes } from "./axes.ts";
import { type Downsampling, halve } from "./halve.ts";
import type { LevelMetadata } from "./image_metadata.ts";
import type { OmeVersion } from "./version.ts";

/** How images are laid out. */
export interface ImageLayout {
  /** The dimensions, in order: `tczyx`, or in full, with units. Time comes first, and space last. */
  axes: Axes;
  /** The distance of elements along each axis, in its unit. @default 1 for each */
  scale?: readonly number[];
  /** Where the first element is along each axis, in its unit. @default 0 for each */
  translation?: readonly number[];
  /** How many levels there are. Absent: so many that no side of the last one is longer than 512. */
  levels?: number;
  /** How each level is made of the one before: half as large in the last two axes. @default "mean" */
  downsampling?: Downsampling;
  /** The chunks of each level. Absent: a plane each, or tiles of 1024 of a plane with a side of more than 2048. */
  chunks?: readonly number[];
  /**
   * The shards, whole numbers of chunks: each is one object, of which chunks are read alone. `null` for none. Absent:
   * chunks that follow each other, up to 16 MiB; none in version 0.4, which has no shards.
   */
  shards?: readonly number[] | null;
  /** How chunks are packed. @default "zstd" */
  codec?: ZarrCodec;
}

/** No side of the last level is longer, where nobody says how many levels there are. */
const LAST_SIDE = 512;

export function levelShapes(shape: readonly number[], levels?: number): number[][] {
  if (levels !== undefined && !(Number.isSafeInteger(levels) && levels >= 1 && levels <= 30)) {
    throw invalidImage(`${shown(levels)} levels`, "There are 1 to 30.");
  }
  const shapes = [[...shape]];
  for (;;) {
    const last = shapes.at(-1)!;
    const isEnough = levels === undefined
      ? last.slice(-2).every((side) => side <= LAST_SIDE)
      : shapes.length === levels;
    if (isEnough || last.length < 2) return shapes;
    shapes.push([...last.slice(0, -2), ...last.slice(-2).map((side) => Math.ceil(side / 2))]);
  }
}

/** Where the elements of levels are: the mean of two lies between them, the nearest where the first was. */
export function placeLevels(
  shapes: readonly number[][],
  layout: Omit<ImageLayout, "axes">,
): LevelMetadata[] {
  const ones = shapes[0].map(() => 1);
  const { scale = ones, translation = ones.map(() => 0), downsampling = "mean" } = layout;
  return shapes.map((shape, i) => {
    const factors = shape.map((_, axis) => axis < shape.length - 2 ? 1 : 2 ** i);
    const shift = downsampling === "mean" ? 0.5 : 0;
    return {
      path: String(i),
      scale: scale.map((step, axis) => step * factors[axis]),
      translation: translation.map((offset, axis) =>
        offset + scale[axis] * shift * (factors[axis] - 1)
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

/** The blocks in which an array is written: whole stored objects, many where they are small. */
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
    const block = await source.read(from.map((start, axis) => [start, to[axis]] as const), {
      signal,
    });
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
    const area = from.map((start, axis) => {
      const factor = axis < shape.length - 2 ? 1 : 2;
      return [start * factor, Math.min(to[axis] * factor, shape[axis])] as const;
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

/** A side of a chunk is as long as the image up to so many pixels, else {@linkcode TILE}. */
const WHOLE_SIDE = 2048;
const TILE = 1024;
/** A shard, and a block that is read or written at once, has no more bytes than this, where one chunk has no more. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** The chunks of an image unless somebody says otherwise: a plane, or tiles of one with longer sides. */
function planeChunks(shape: readonly number[]): number[] {
  return shape.map((length, axis) => {
    if (axis < shape.length - 2) return 1;
    return Math.max(1, length <= WHOLE_SIDE ? length : TILE);
  });
}

/**
 * As many units side by side as have so many elements at most, those of the last axes first, so that what a block holds
 * follows each other. At least one unit.
 */
export function growBlock(
  shape: readonly number[],
  unit: readonly number[],
  maxElements: number,
): number[] {
  const block = [...unit];
  let elements = block.reduce((product, length) => product * length, 1);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const units = Math.max(1, Math.ceil(shape[axis] / unit[axis]));
    const fitting = Math.max(1, Math.min(units, Math.floor(maxElements / elements)));
    block[axis] = unit[axis] * fitting;
    elements *= fitting; // where not all units fit, no two of them fit from here on
  }
  return block;
}

/** A part of an array: where it begins and ends in each dimension. */
interface Box {
  from: number[];
  to: number[];
}

/** The blocks that an array is made of, in order; those at its end are cut. */
export function* blocksOf(shape: readonly number[], block: readonly number[]): Generator<Box> {
  if (shape.includes(0)) return;
  const from = shape.map(() => 0);
  for (;;) {
    yield {
      from: [...from],
      to: from.map((start, axis) => Math.min(start + block[axis], shape[axis])),
    };
    let axis = shape.length - 1;
    for (; axis >= 0; axis--) {
      from[axis] += block[axis];
      if (from[axis] < shape[axis]) break;
      from[axis] = 0;
    }
    if (axis < 0) return;
  }
}
