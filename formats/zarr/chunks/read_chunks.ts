// Reads a box of an array from only the chunks that it touches.
import { countElements, ELEMENTS, zipAxes } from "../../arrays/ndarray.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { decodeChunk } from "./codecs.ts";
import { copyBox, offsetOf, stridesOf } from "../../arrays/copy_box.ts";
import { type ArrayMetadata, atOnce } from "../documents/metadata.ts";
import { type Box, type Cell, cellsOf } from "./selection.ts";
import { chunksPerShard, readShard } from "./shard.ts";
import type { ZarrStore } from "../store.ts";
import { joinPath } from "../../../core/naming/paths.ts";

export interface ArrayPlace {
  store: ZarrStore;
  path: string;
  metadata: ArrayMetadata;
  signal?: AbortSignal;
}

/** Returns the elements of a box in C order. */
export async function readBox(place: ArrayPlace, box: Box): Promise<Uint8Array<ArrayBuffer>> {
  const { metadata } = place;
  const result = new Uint8Array(countElements(box.count) * ELEMENTS[metadata.dtype].bytes);
  const strides = stridesOf(box.count);
  const concurrency = atOnce(metadata);
  await forEachAtOnce(cellsOf(box, metadata.grid), (cell) => {
    return readCell(place, cell, { result, strides });
  }, { concurrency });
  return result;
}

interface Target {
  result: Uint8Array;
  strides: readonly number[];
}

async function readCell(place: ArrayPlace, cell: Cell, { result, strides }: Target): Promise<void> {
  const { store, path, metadata, signal } = place;
  signal?.throwIfAborted();
  const key = joinPath(path, metadata.keyOf(cell.index));
  const put = (chunk: Uint8Array | undefined, { box, before }: Cell, shape: readonly number[]) => {
    const itemBytes = ELEMENTS[metadata.dtype].bytes;
    const to = { bytes: result, strides, offset: offsetOf(before, strides) };
    if (chunk === undefined) {
      if (metadata.fill.every((byte) => byte === 0)) return;
      const from = { bytes: metadata.fill, strides: strides.map(() => 0), offset: 0 };
      return copyBox(from, to, { shape: box.count, itemBytes });
    }
    const own = stridesOf(shape);
    const from = {
      bytes: chunk,
      strides: zipAxes(own, box.step).map(([stride, step]) => stride * step),
      offset: offsetOf(box.start, own),
    };
    copyBox(from, to, { shape: box.count, itemBytes });
  };

  const { dtype, grid, codecs, sharding } = metadata;
  if (sharding === undefined) {
    const stored = await store.get(key, { signal });
    const chunk = stored && await decodeChunk(key, stored, { dtype, shape: grid, codecs });
    return put(chunk, cell, grid);
  }
  const numbers = stridesOf(chunksPerShard(metadata));
  const cells = [...cellsOf(cell.box, sharding.chunks)];
  const chunkNumbers = cells.map(({ index }) => offsetOf(index, numbers));
  const stored = await readShard({ store, key, metadata, signal }, chunkNumbers);
  for (const [at, inner] of cells.entries()) {
    const bytes = stored[at];
    const kind = { dtype, shape: sharding.chunks, codecs: sharding.codecs };
    const before = zipAxes(inner.before, cell.before).map(([many, outer]) => outer + many);
    put(bytes && await decodeChunk(key, bytes, kind), { ...inner, before }, sharding.chunks);
  }
}
