// Selections of elements, and the chunks that contain them.
import { itemAt } from "../../../core/faults/present.ts";
import { invalid, unsupported } from "../errors.ts";
import { zipAxes } from "../../arrays/ndarray.ts";

/**
 * A selection on one axis: an index, which drops the axis; `[start, stop)`; `[start, stop, step]`;
 * or `null` for all.
 */
export type AxisSelection =
  | number
  | readonly [number, number]
  | readonly [number, number, number]
  | null;

/** A selection for each axis, by default all. */
export type ZarrSelection = readonly AxisSelection[];

/** Indices `start`, `start + step`, …, `count` of them, for each axis. */
export interface Box {
  start: readonly number[];
  step: readonly number[];
  count: readonly number[];
}

/** The part of a box in one chunk. */
export interface Cell {
  index: readonly number[];
  box: Box;
  /** The offset of the part in the box, on each axis. */
  before: readonly number[];
}

/** Maximum number of chunks of a call. */
const MAX_CHUNKS = 1024 ** 2;

/** Returns a selection as a box, and the shape of its result. Throws `Invalid` if out of bounds. */
export function parseSelection(
  path: string,
  selection: ZarrSelection | undefined,
  shape: readonly number[],
): { box: Box; shape: number[] } {
  const indices = selection ?? [];
  if (!Array.isArray(indices) || indices.length > shape.length) throw badSelection(path, shape);
  const box = { start: [] as number[], step: [] as number[], count: [] as number[] };
  const resultShape: number[] = [];
  for (const [axis, length] of shape.entries()) {
    const index = (indices as ZarrSelection)[axis] ?? null;
    const [start, stop, step = 1] = index === null
      ? [0, length]
      : typeof index === "number"
      ? [index, index + 1]
      : index;
    const isInside = [start, stop, step].every(Number.isSafeInteger) && start >= 0 &&
      start <= stop && stop <= length && step >= 1;
    if (!isInside) throw badSelection(path, shape);
    const count = Math.ceil((stop - start) / step);
    box.start.push(start);
    box.step.push(step);
    box.count.push(count);
    if (typeof index !== "number") resultShape.push(count);
  }
  return { box, shape: resultShape };
}

function badSelection(path: string, shape: readonly number[]): Error {
  return invalid(
    path,
    `the selection exceeds its shape (${shape.join(", ")})`,
    "Pass an index, [start, stop], [start, stop, step] or null for each axis, counted from 0.",
  );
}

export function boxAt(start: readonly number[], count: readonly number[]): Box {
  return { start, count, step: start.map(() => 1) };
}

/** Throws `Unsupported` for a box of too many chunks. */
export function checkCount(
  path: string,
  { start, step, count }: Box,
  chunks: readonly number[],
): void {
  if (count.includes(0)) return;
  let touched = 1;
  for (const [first, by, many, length] of zipAxes(start, step, count, chunks)) {
    const chunk = (at: number) => Math.floor(at / length);
    touched *= Math.min(many, chunk(first + (many - 1) * by) - chunk(first) + 1);
  }
  if (touched <= MAX_CHUNKS) return;
  const state = `${touched} chunks at once, ${MAX_CHUNKS} are allowed`;
  throw unsupported(path, state, "Select a part of it at a time.");
}

/** Splits a box by chunk, the last axis fastest. */
export function* cellsOf({ start, step, count }: Box, chunks: readonly number[]): Generator<Cell> {
  if (count.includes(0)) return; // other axes may be long
  const axes = zipAxes(chunks, start, step, count).map(([length, first, by, total]) => {
    const parts: { index: number; start: number; count: number; before: number }[] = [];
    for (let before = 0; before < total;) {
      const at = first + before * by;
      const index = Math.floor(at / length);
      const inChunk = Math.ceil(((index + 1) * length - at) / by);
      const many = Math.min(total - before, inChunk);
      parts.push({ index, start: at - index * length, count: many, before });
      before += many;
    }
    return parts;
  });
  const at = axes.map(() => 0);
  for (;;) {
    const parts = axes.map((each, axis) => each[itemAt(at, axis)]!);
    yield {
      index: parts.map(({ index }) => index),
      box: { start: parts.map(({ start }) => start), count: parts.map(({ count }) => count), step },
      before: parts.map(({ before }) => before),
    };
    let axis = axes.length - 1;
    for (; axis >= 0 && ++at[axis]! === itemAt(axes, axis).length; axis--) at[axis] = 0;
    if (axis < 0) return;
  }
}
