// Cutting an array: chunks that lie outside of its new shape go, and in those on its border the
// fill value stands again.
import type { Lanes } from "../../../core/work/lanes.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { unsupportedZarr } from "../errors.ts";
import type { ArrayPlace } from "./read_chunks.ts";
import { boxAt, cellsOf, checkCount } from "./selection.ts";
import { keyBelow } from "../store.ts";
import { writeBox } from "./write_chunks.ts";

/** Looks whether an array can be cut, and gives what does so once its new shape is written. */
export function shrink(
  place: ArrayPlace,
  shape: readonly number[],
  lanes: Lanes,
): () => Promise<void> {
  const { store, path, metadata, signal } = place;
  const { shape: old, grid, fill } = metadata;
  if (store.remove === undefined || store.set === undefined) {
    throw unsupportedZarr(
      path,
      "the store removes nothing",
      "Give a store that has set() and remove().",
    );
  }
  const borders = shape.map((length, axis) => Math.ceil(length / grid[axis]) * grid[axis]);
  // Slabs that do not overlap: on each axis what is cut there, of what the axes before it keep.
  const slabs = shape.flatMap((length, axis) => {
    if (length >= old[axis]) return [];
    const start = (from: number) => shape.map((_, each) => each === axis ? from : 0);
    const count = (from: number, to: number, kept: readonly number[]) =>
      old.map((full, each) =>
        each === axis ? Math.max(0, to - from) : each < axis ? Math.min(kept[each], full) : full
      );
    return [{
      gone: boxAt(start(borders[axis]), count(borders[axis], old[axis], borders)),
      cleared: boxAt(start(length), count(length, Math.min(borders[axis], old[axis]), shape)),
    }];
  });
  for (const { gone, cleared } of slabs) {
    checkCount(path, gone, grid);
    checkCount(path, cleared, grid);
  }
  return async () => {
    for (const { gone, cleared } of slabs) {
      await forEachAtOnce(cellsOf(gone, grid), ({ index }) => {
        const key = keyBelow(path, metadata.keyOf(index));
        return lanes(key, () => store.remove!(key, { signal }));
      });
      const elements = { bytes: fill, strides: shape.map(() => 0) };
      await writeBox(place, cleared, { elements, bounds: () => old, lanes, isClearing: true });
    }
  };
}
