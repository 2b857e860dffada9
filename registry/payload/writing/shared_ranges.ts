// Decides which bytes of a new file point into objects of an earlier one. Pure.
import { type ChunkList, equalChunks } from "../../../core/bytes/content_chunks.ts";
import { itemAt, valueAt } from "../../../core/faults/present.ts";
import { type ObjectRange, usedBytes } from "../../cell/object_ranges.ts";

/** A part of a new file: `size` bytes of an object that exists, or new ones. */
export interface PlannedPart {
  size: number;
  from?: { key: string; offset: number };
}

/** Objects of other saves that a file points into. */
const MAX_OBJECTS = 8;
/** Shorter parts on average are not worth their requests. */
const LEAST_AVERAGE_PART = 64 * 1024;
const MIN_PARTS = 16;
/** Bounds what the record of a file takes. */
const MAX_PARTS = 4096;

/**
 * Describes a file by the objects of an earlier one, in whole chunks; undefined if storing it whole
 * is better. It uses few objects, and at least half of each: so the bytes of an object that nothing
 * needs are never more than those that a version needs, and a chain of versions ends by itself.
 *
 * @param sizes sizes of the objects that exist, by key
 */
export function planParts(
  list: ChunkList,
  earlier: { list: ChunkList; ranges: readonly ObjectRange[] },
  sizes: ReadonlyMap<string, number>,
): PlannedPart[] | undefined {
  const placed = placeChunks(list, earlier);
  const usable = new Set(sizes.keys());
  for (;;) {
    const parts = joinChunks(
      list,
      placed,
      (range) => isWithin(range, sizes) && usable.has(range.key),
    );
    const used = usedBytes(parts.flatMap(({ size, from }) => from ? [{ ...from, size }] : []));
    const drop = objectsToDrop(used, sizes, newBytesOf(parts));
    for (const key of drop) usable.delete(key);
    if (drop.length > 0) continue;
    return used.size > 0 && parts.length <= mostParts(list.size) ? parts : undefined;
  }
}

function mostParts(size: number): number {
  return Math.min(Math.max(MIN_PARTS, size / LEAST_AVERAGE_PART), MAX_PARTS);
}

function isWithin({ key, offset, size }: ObjectRange, sizes: ReadonlyMap<string, number>): boolean {
  return offset + size <= (sizes.get(key) ?? -1);
}

function newBytesOf(parts: readonly PlannedPart[]): number {
  return parts.reduce((sum, { size, from }) => from === undefined ? sum + size : sum, 0);
}

/**
 * Returns objects not to use: one of which less than half is used, or the smallest of too many.
 * These are merged with the new bytes, and so is the next one if it is at most twice as large:
 * sizes then grow from object to object, and a long history stores each new byte a few times.
 */
function objectsToDrop(
  used: ReadonlyMap<string, number>,
  sizes: ReadonlyMap<string, number>,
  newBytes: number,
): string[] {
  for (const [key, bytes] of used) if (bytes * 2 < valueAt(sizes, key)) return [key];
  if (used.size <= MAX_OBJECTS) return [];
  const drop: string[] = [];
  let merged = newBytes;
  for (const [key, bytes] of [...used].sort((a, b) => a[1] - b[1]).slice(0, -1)) {
    if (drop.length > 0 && bytes > 2 * merged) break;
    drop.push(key);
    merged += bytes;
  }
  return drop;
}

/** Returns the ranges with the bytes of each chunk, empty for a new one. */
function placeChunks(
  list: ChunkList,
  earlier: { list: ChunkList; ranges: readonly ObjectRange[] },
): ObjectRange[][] {
  const ends: number[] = [];
  for (const { size } of earlier.ranges) ends.push((ends.at(-1) ?? 0) + size);
  let next = 0; // chunks mostly come in the order of the earlier file
  return equalChunks(list, earlier.list).map((start, chunk) => {
    const placed: ObjectRange[] = [];
    if (start === undefined) return placed;
    if (next > 0 && itemAt(ends, next - 1) > start) next = 0;
    const end = start + list.lengthOf(chunk);
    for (let at = start; at < end;) {
      while (itemAt(ends, next) <= at) next++;
      const { key, offset, size } = itemAt(earlier.ranges, next);
      const within = at - (itemAt(ends, next) - size);
      const taken = Math.min(size - within, end - at);
      placed.push({ key, offset: offset + within, size: taken });
      at += taken;
    }
    return placed;
  });
}

/** Joins chunks. Those with an unusable range are new. */
function joinChunks(
  list: ChunkList,
  placed: readonly (readonly ObjectRange[])[],
  isUsable: (range: ObjectRange) => boolean,
): PlannedPart[] {
  const parts: PlannedPart[] = [];
  const add = (size: number, from?: PlannedPart["from"]) => {
    const last = parts.at(-1);
    const adjoins = last !== undefined && last.from?.key === from?.key &&
      (from === undefined || last.from!.offset + last.size === from.offset);
    if (adjoins) last.size += size;
    else parts.push(from === undefined ? { size } : { size, from });
  };
  placed.forEach((ranges, chunk) => {
    if (ranges.length === 0 || !ranges.every(isUsable)) add(list.lengthOf(chunk));
    else for (const { key, offset, size } of ranges) add(size, { key, offset });
  });
  return parts;
}
