// Ranges of payload objects: what of an object is used.
import type { StoredFile } from "../../core/record.ts";
import { allParts, placeOf } from "./objects.ts";

export interface ObjectRange {
  key: string;
  offset: number;
  size: number;
}

/** Returns the ranges that files use, with `<order>/<commit>/<object>` as key. */
export function rangesOf(files: readonly StoredFile[], own: string): ObjectRange[] {
  const ranges = files.flatMap((file) =>
    allParts(file).map((part) => {
      const { object, offset = 0, size } = part;
      return { key: `${placeOf(file, part) ?? own}/${object}`, offset, size };
    })
  );
  return joinRanges(ranges);
}

/** Joins the ranges of each object that overlap or adjoin. */
export function joinRanges(ranges: readonly ObjectRange[]): ObjectRange[] {
  const sorted = ranges.toSorted((a, b) => a.offset - b.offset);
  const last = new Map<string, ObjectRange>();
  const joined: ObjectRange[] = [];
  for (const range of sorted) {
    const { key, offset, size } = range;
    const before = last.get(key);
    if (before !== undefined && offset <= before.offset + before.size) {
      before.size = Math.max(before.size, offset + size - before.offset);
      continue;
    }
    const copy = { ...range };
    last.set(key, copy);
    joined.push(copy);
  }
  return joined;
}

/** Returns how many bytes of each object are used, each counted once. */
export function usedBytes(ranges: readonly ObjectRange[]): Map<string, number> {
  const used = new Map<string, number>();
  for (const { key, size } of joinRanges(ranges)) used.set(key, (used.get(key) ?? 0) + size);
  return used;
}
