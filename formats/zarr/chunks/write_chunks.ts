// Writes a box of an array object by object, so that not all of them are in memory.
import { countElements, ELEMENTS, zipAxes } from "../../arrays/ndarray.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import type { Lanes } from "../../../core/work/lanes.ts";
import { type ChunkKind, decodeChunk, encodeChunk } from "./codecs.ts";
import { copyBox, fillWith, offsetOf, stridesOf } from "../../arrays/copy_box.ts";
import { type ArrayMetadata, atOnce } from "../documents/metadata.ts";
import { corrupt, unsupported } from "../errors.ts";
import type { ArrayPlace } from "./read_chunks.ts";
import { type Box, boxAt, type Cell, cellsOf, checkCount } from "./selection.ts";
import { chunksPerShard, joinShard, shardingOf, splitShard } from "./shard.ts";
import { writableStore } from "../store.ts";
import { joinPath } from "../../../core/naming/paths.ts";

/** The source of elements in C order; strides of 0 repeat one element. */
export interface Elements {
  bytes: Uint8Array;
  strides: readonly number[];
}

interface WriteOptions {
  elements: Elements;
  /**
   * Returns the shape during the write; elements outside of it need not be kept. Called per chunk,
   * because an append may finish meanwhile.
   */
  bounds: () => readonly number[];
  /** Serializes changes of each object. */
  lanes: Lanes;
  /** Writes only existing chunks. @default false */
  isClearing?: boolean;
}

export async function writeBox(place: ArrayPlace, box: Box, options: WriteOptions): Promise<void> {
  const { metadata, path } = place;
  await forEachAtOnce(cellsOf(box, metadata.grid), (cell) => {
    const key = joinPath(path, metadata.keyOf(cell.index));
    return options.lanes(key, () => writeCell(place, cell, { ...options, key }));
  }, { concurrency: atOnce(metadata) });
}

type CellOptions = WriteOptions & { key: string };

async function writeCell(place: ArrayPlace, cell: Cell, options: CellOptions): Promise<void> {
  const { store, metadata, signal } = place;
  const { key, isClearing = false } = options;
  signal?.throwIfAborted();
  const { grid, dtype, codecs, sharding } = metadata;
  const room = zipAxes(options.bounds(), cell.index, grid).map(([end, i, n]) => end - i * n);
  const isWhole = !isClearing && covers(cell.box, grid, room);
  const before = isWhole ? undefined : await store.get(key, { signal });
  if (isClearing && before === undefined) return;
  const kind = { dtype, shape: grid, codecs };
  const bytes = sharding === undefined
    ? await changed(key, { stored: before, cell, options, kind, isWhole, metadata })
    : await changedShard(place, cell, { ...options, room, before });
  await writableStore(store, "write zarr").set(key, bytes, { signal });
}

/** Returns true if a box contains all of a chunk that lies in the array. */
function covers(box: Box, chunk: readonly number[], room: readonly number[]): boolean {
  return zipAxes(chunk, box.start, box.count, room).every(([length, start, count, most]) =>
    start === 0 && count >= Math.min(length, most)
  );
}

interface Change {
  stored: Uint8Array | undefined;
  cell: Cell;
  options: Pick<WriteOptions, "elements">;
  kind: ChunkKind;
  isWhole: boolean;
  metadata: ArrayMetadata;
}

/** Replaces a part of a chunk, and returns its stored bytes. */
async function changed(
  key: string,
  { stored, cell, options, kind, isWhole, metadata }: Change,
): Promise<Uint8Array> {
  const { shape, dtype } = kind;
  const { elements } = options;
  const itemBytes = ELEMENTS[dtype].bytes;
  const { start, count } = cell.box;
  const from = { ...elements, offset: offsetOf(cell.before, elements.strides) };
  const strides = stridesOf(shape);
  const isTogether = count.every((many, axis) => many === shape[axis]) &&
    strides.every((stride, axis) => shape[axis] === 1 || stride === elements.strides[axis]);
  let chunk: Uint8Array;
  if (isWhole && isTogether) { // used in place
    const end = (from.offset + countElements(shape)) * itemBytes;
    chunk = elements.bytes.subarray(from.offset * itemBytes, end);
  } else {
    // Stored bytes may be read-only, or belong to the store.
    const isNew = isWhole || stored === undefined;
    chunk = isNew ? emptyChunk(metadata, shape) : (await decodeChunk(key, stored, kind)).slice();
    const to = { bytes: chunk, strides, offset: offsetOf(start, strides) };
    copyBox(from, to, { shape: count, itemBytes });
  }
  const bytes = await encodeChunk(chunk, kind);
  return bytes.buffer === elements.bytes.buffer ? bytes.slice() : bytes;
}

function emptyChunk({ fill }: ArrayMetadata, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(countElements(shape) * fill.byteLength);
  if (fill.some((byte) => byte !== 0)) fillWith(chunk, fill);
  return chunk;
}

/** Replaces a part of a shard. Other chunks keep their stored bytes. */
async function changedShard(
  place: ArrayPlace,
  cell: Cell,
  { room, before, ...options }: CellOptions & {
    room: readonly number[];
    before: Uint8Array | undefined;
  },
): Promise<Uint8Array> {
  const { metadata } = place;
  const { chunks: shape, codecs } = shardingOf(metadata);
  const per = chunksPerShard(metadata);
  const numbers = stridesOf(per);
  const all = Array.from({ length: countElements(per) }, (_, number) => number);
  const stored = before === undefined
    ? all.map(() => undefined)
    : splitShard({ ...place, key: options.key }, before, all);
  const sum = stored.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), 0);
  if (sum > (before?.byteLength ?? 0)) throw corrupt(options.key, "its chunks overlap");
  for (const inner of cellsOf(cell.box, shape)) {
    const number = offsetOf(inner.index, numbers);
    const own = stored[number];
    if (options.isClearing && own === undefined) continue;
    const innerRoom = zipAxes(room, inner.index, shape).map(([end, i, n]) => end - i * n);
    stored[number] = await changed(options.key, {
      stored: own,
      cell: { ...inner, before: zipAxes(inner.before, cell.before).map(([a, b]) => a + b) },
      options,
      kind: { dtype: metadata.dtype, shape, codecs },
      isWhole: !options.isClearing && covers(inner.box, shape, innerRoom),
      metadata,
    });
  }
  return joinShard(stored, shardingOf(metadata));
}

/**
 * Checks that an array can shrink. Returns a function that does it, for after its new shape is
 * set.
 */
export function shrink(
  place: ArrayPlace,
  shape: readonly number[],
  lanes: Lanes,
): () => Promise<void> {
  const { store, path, metadata, signal } = place;
  const { shape: old, grid, fill } = metadata;
  if (store.remove === undefined || store.set === undefined) {
    throw unsupported(path, "the store cannot remove", "Use a store with set() and remove().");
  }
  const borders = zipAxes(shape, grid).map(([length, size]) => Math.ceil(length / size) * size);
  // Disjoint slabs: on each axis what is cut there, of what earlier axes keep.
  const slabs = zipAxes(shape, old, borders).flatMap(([length, before, border], axis) => {
    if (length >= before) return [];
    const start = (from: number) => shape.map((_, each) => each === axis ? from : 0);
    const count = (from: number, to: number, keptShape: readonly number[]) =>
      zipAxes(old, keptShape).map(([full, most], each) =>
        each === axis ? Math.max(0, to - from) : each < axis ? Math.min(most, full) : full
      );
    return [{
      gone: boxAt(start(border), count(border, before, borders)),
      cleared: boxAt(start(length), count(length, Math.min(border, before), shape)),
    }];
  });
  for (const { gone, cleared } of slabs) {
    checkCount(path, gone, grid);
    checkCount(path, cleared, grid);
  }
  return async () => {
    for (const { gone, cleared } of slabs) {
      await forEachAtOnce(cellsOf(gone, grid), ({ index }) => {
        const key = joinPath(path, metadata.keyOf(index));
        return lanes(key, () => store.remove!(key, { signal }));
      });
      const elements = { bytes: fill, strides: shape.map(() => 0) };
      await writeBox(place, cleared, { elements, bounds: () => old, lanes, isClearing: true });
    }
  };
}
