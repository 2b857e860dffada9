// Shards: many chunks in one object, with an index
// (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html) of the offset
// and length of each chunk in C order, little-endian 64-bit integers, all ones for an absent one.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { crc32c } from "../../../core/bytes/digest.ts";
import { countElements, ELEMENTS, zipAxes } from "../../arrays/ndarray.ts";
import { present } from "../../../core/faults/present.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { viewOf } from "../../arrays/view_bytes.ts";
import { checked, mostStoredBytes } from "./codecs.ts";
import { corrupt } from "../errors.ts";
import type { ArrayMetadata, Sharding } from "../documents/metadata.ts";
import type { ZarrStore } from "../store.ts";

const NEVER = 0xffffffff;

/** The range of a chunk in a shard; undefined for an absent one. */
type Place = { offset: number; length: number } | undefined;

/** Returns the sharding of an array that has one. */
export function shardingOf({ sharding }: ArrayMetadata): Sharding {
  return present(sharding, "the sharding of an array");
}

/** Returns the number of chunks of a shard along each axis. */
export function chunksPerShard(metadata: ArrayMetadata): number[] {
  return zipAxes(metadata.grid, shardingOf(metadata).chunks).map(([shard, length]) =>
    shard / length
  );
}

interface ShardPlace {
  store: ZarrStore;
  key: string;
  metadata: ArrayMetadata;
  signal?: AbortSignal;
}

/**
 * Reads chunks of a shard by their numbers in C order; undefined for absent ones. Reads the whole
 * shard for more than half of them, else its index and adjacent ranges.
 */
export async function readShard(
  place: ShardPlace,
  numbers: readonly number[],
): Promise<(Uint8Array | undefined)[]> {
  const { store, key, metadata, signal } = place;
  const sharding = shardingOf(metadata);
  const count = countElements(chunksPerShard(metadata));
  if (numbers.length * 2 > count) {
    const shard = await store.get(key, { signal });
    if (shard === undefined) return numbers.map(() => undefined);
    return splitShard(place, shard, numbers);
  }
  const size = indexSize(count, sharding);
  const part = sharding.isIndexFirst ? { range: { offset: 0, length: size } } : { suffix: size };
  const stored = await store.get(key, { ...part, signal });
  if (stored === undefined) return numbers.map(() => undefined);
  const placeOf = parseIndex(place, stored, count);
  const places = numbers.map(placeOf);
  const chunks = new Map<number, Uint8Array>();
  await forEachAtOnce(together(places), async ({ offset, length, members }) => {
    const bytes = await store.get(key, { range: { offset, length }, signal });
    if (bytes?.byteLength !== length) {
      throw corrupt(key, `shard ends before byte ${offset + length}`);
    }
    for (const { at, place } of members) {
      chunks.set(at, bytes.subarray(place.offset - offset, place.offset - offset + place.length));
    }
  });
  return numbers.map((_, at) => chunks.get(at));
}

export function splitShard(
  place: ShardPlace,
  shard: Uint8Array,
  numbers: readonly number[],
): (Uint8Array | undefined)[] {
  const { key, metadata } = place;
  const count = countElements(chunksPerShard(metadata));
  const size = indexSize(count, shardingOf(metadata));
  if (shard.byteLength < size) throw corrupt(key, "shard is shorter than its index");
  const index = shardingOf(metadata).isIndexFirst
    ? shard.subarray(0, size)
    : shard.subarray(shard.byteLength - size);
  const placeOf = parseIndex(place, index, count);
  return numbers.map((number) => {
    const chunkPlace = placeOf(number);
    if (chunkPlace === undefined) return undefined;
    const { offset, length } = chunkPlace;
    if (offset + length > shard.byteLength) {
      throw corrupt(key, `shard ends before byte ${offset + length}`);
    }
    return shard.subarray(offset, offset + length);
  });
}

export function joinShard(
  chunks: readonly (Uint8Array | undefined)[],
  sharding: Sharding,
): Uint8Array {
  const size = indexSize(chunks.length, sharding);
  const index = new DataView(new ArrayBuffer(size));
  let offset = sharding.isIndexFirst ? size : 0;
  chunks.forEach((chunk, number) => {
    const isThere = chunk !== undefined;
    index.setBigUint64(number * 16, isThere ? BigInt(offset) : -1n, true);
    index.setBigUint64(number * 16 + 8, isThere ? BigInt(chunk.byteLength) : -1n, true);
    offset += chunk?.byteLength ?? 0;
  });
  const bytes = new Uint8Array(index.buffer);
  if (sharding.hasIndexSum) index.setUint32(size - 4, crc32c(bytes.subarray(0, size - 4)), true);
  const storedChunks = chunks.filter((chunk) => chunk !== undefined);
  return concatBytes(sharding.isIndexFirst ? [bytes, ...storedChunks] : [...storedChunks, bytes]);
}

function indexSize(count: number, { hasIndexSum }: Sharding): number {
  return count * 16 + (hasIndexSum ? 4 : 0);
}

function parseIndex(
  { key, metadata }: ShardPlace,
  stored: Uint8Array,
  count: number,
): (number: number) => Place {
  const { dtype } = metadata;
  const sharding = shardingOf(metadata);
  if (stored.byteLength !== indexSize(count, sharding)) {
    throw corrupt(key, "shard is shorter than its index");
  }
  const bytes = sharding.hasIndexSum ? checked(key, stored) : stored;
  const view = viewOf(bytes);
  const most = mostStoredBytes(countElements(sharding.chunks) * ELEMENTS[dtype].bytes);
  const numberAt = (at: number) =>
    view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  const isNever = (at: number) =>
    view.getUint32(at, true) === NEVER && view.getUint32(at + 4, true) === NEVER;
  return (number) => {
    const at = number * 16;
    if (isNever(at) && isNever(at + 8)) return undefined;
    const [offset, length] = [numberAt(at), numberAt(at + 8)];
    if (Number.isSafeInteger(offset) && length <= most) return { offset, length };
    throw corrupt(key, `invalid index: chunk ${number} has ${length} bytes at ${offset}`);
  };
}

/** A request for adjacent chunks, or overlapping ones of a damaged shard. */
interface Together {
  offset: number;
  length: number;
  members: { at: number; place: NonNullable<Place> }[];
}

/** Longest request for several chunks, bytes. */
const LONGEST = 8 * 1024 * 1024;

function together(places: readonly Place[]): Together[] {
  const stored = places.flatMap((place, at) => place === undefined ? [] : [{ at, place }]);
  const requests: Together[] = [];
  for (const { at, place } of stored.sort((a, b) => a.place.offset - b.place.offset)) {
    const last = requests.at(-1);
    const end = place.offset + place.length;
    const isNext = last !== undefined && place.offset <= last.offset + last.length &&
      end - last.offset <= LONGEST;
    if (!isNext) requests.push({ ...place, members: [{ at, place }] });
    else {
      last.length = Math.max(last.length, end - last.offset);
      last.members.push({ at, place });
    }
  }
  return requests;
}
