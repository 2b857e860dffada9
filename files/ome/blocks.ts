// How arrays of images are cut: into chunks, into shards, and into the blocks in which they are
// read and written.
/** A side of a chunk is as long as the image up to so many pixels, else {@linkcode TILE}. */
const WHOLE_SIDE = 2048;
const TILE = 1024;
/** A shard, and a block that is read or written at once, has no more bytes than this, where one chunk has no more. */
export const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** The chunks of an image unless somebody says otherwise: a plane, or tiles of one with longer sides. */
export function planeChunks(shape: readonly number[]): number[] {
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
export interface Box {
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
