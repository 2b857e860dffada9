// Stores a file that has an earlier version: only its new bytes.
import type { Backend, ByteRange, ObjectInfo } from "../../../core/backend.ts";
import { bodyStream, iterableStream, tapped } from "../../../core/bytes/bytes.ts";
import {
  averageFor,
  ChunkList,
  equalChunks,
  ListMaker,
  MAX_CHUNK_LIST_BYTES,
} from "../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { checkedChunks, onlyRanges } from "../../../core/bytes/rebuild.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { getPart } from "../../cell/part_runs.ts";
import { isNear } from "../../../core/driver.ts";
import { changedWhileSaving } from "../../../core/work/source_change.ts";
import type { LargeContent } from "../content.ts";
import type { EarlierFile, WrittenPart } from "../job_kinds.ts";
import { type PlannedPart, planParts } from "./shared_ranges.ts";

export interface Earlier extends EarlierFile {
  list: ChunkList;
}

interface StoreCalls {
  backend: Backend;
  signal?: AbortSignal;
}

/**
 * Returns an earlier file of the same size on a near store, with its chunks, if they have one
 * length: most states of training change in place, and comparing them so takes a third of the time.
 */
export async function openAlike(
  calls: StoreCalls,
  file: EarlierFile,
  size: number,
): Promise<Earlier | undefined> {
  if (file.size !== size || !isNear(calls.backend)) return undefined;
  const list = await orAbsent(calls, readList(calls, file));
  return list?.isFixed ? { ...file, list } : undefined;
}

/**
 * Returns an earlier file with its chunks; undefined if they are not known. Without a list of them
 * only a near store is read: else that may take longer than storing the whole file.
 */
export async function openEarlier(
  calls: StoreCalls,
  file: EarlierFile,
  size: number,
): Promise<Earlier | undefined> {
  const open = async () => {
    const stored = await readList(calls, file);
    return stored?.isFixed !== false && isNear(calls.backend)
      ? await cutStored(calls, file, averageFor(size))
      : stored;
  };
  const list = await orAbsent(calls, open());
  return list && { ...file, list };
}

/** Returns a list; undefined if it is damaged or unreachable: the file is stored whole. */
async function orAbsent(
  { signal }: StoreCalls,
  list: Promise<ChunkList | undefined>,
): Promise<ChunkList | undefined> {
  try {
    return await list;
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    return undefined;
  }
}

async function readList(
  { backend, signal }: StoreCalls,
  { chunks, size }: EarlierFile,
): Promise<ChunkList | undefined> {
  if (chunks === undefined || chunks.size > MAX_CHUNK_LIST_BYTES) return undefined;
  const bytes = await (await getPart(backend, chunks.key, chunks, { signal }))?.bytes();
  if (bytes === undefined || sha256(bytes) !== chunks.sha256) return undefined;
  return ChunkList.decode(bytes, size);
}

/** Bytes at the beginning of a file that are searched for equal chunks. */
const START_BYTES = 8 * 1024 * 1024;
/** Chunks all over a file that are compared at their places. */
const SAMPLES = 16;

/**
 * Returns whether samples of content are in an earlier file of its size: chunks all over it at their
 * places, or those of its beginning anywhere in the other beginning. If not, a search of all would
 * find nothing: a step of training changes all bytes of a model.
 */
export async function isAlike(
  calls: StoreCalls,
  { range }: LargeContent,
  { list, parts: [part] }: Earlier,
): Promise<boolean> {
  if (range === undefined) return true;
  const cut = async (maker: ListMaker, at: Required<ByteRange>) => {
    for await (const bytes of range(at)) maker.update(bytes);
    return maker.end();
  };
  const step = Math.ceil(list.count / SAMPLES);
  for (let chunk = 0, offset = 0; chunk < list.count; chunk++) {
    const length = list.lengthOf(chunk), at = { offset, length };
    offset += length;
    if (chunk % step > 0) continue;
    if ((await cut(ListMaker.fixed(list.average), at)).equals(0, list, chunk)) return true;
  }
  const size = Math.min(part!.size, START_BYTES), average = averageFor(size);
  const start = await orAbsent(
    calls,
    cutStored(calls, { parts: [{ ...part!, size }], size }, average),
  );
  if (start === undefined) return false;
  const own = await cut(new ListMaker(average), { offset: 0, length: size });
  return equalChunks(own, start).some((at) => at !== undefined);
}

async function cutStored(
  { backend, signal }: StoreCalls,
  { parts, size }: Pick<EarlierFile, "parts" | "size">,
  average: number,
): Promise<ChunkList | undefined> {
  const maker = new ListMaker(average);
  for (const part of parts) {
    const object = await getPart(backend, part.key, part, { signal });
    if (object === undefined) return undefined;
    for await (const chunk of bodyStream(object.body)) maker.update(chunk);
  }
  const list = maker.end();
  return list.size === size && list.encode() !== undefined ? list : undefined;
}

/** Returns which bytes of a file to share with an earlier one; undefined to store it whole. */
export async function planAgainst(
  { backend, signal }: StoreCalls,
  list: ChunkList,
  { list: chunks, parts }: Earlier,
): Promise<PlannedPart[] | undefined> {
  const sizes = new Map<string, number>();
  await forEachAtOnce(new Set(parts.map(({ key }) => key)), async (key) => {
    const info = await backend.head(key, { signal });
    if (info !== undefined) sizes.set(key, info.size);
  });
  return planParts(list, { list: chunks, ranges: parts }, sizes);
}

/** Stores the new bytes of a file as one object. Returns its parts, own ones without `object`. */
export async function storeParts(
  { backend, signal }: StoreCalls,
  { to, path, content }: { to: string; path: string; content: LargeContent },
  { planned, list, parts: earlier }:
    & { planned: readonly PlannedPart[]; list: ChunkList }
    & EarlierFile,
  moved: (bytes: number) => void | Promise<void>,
): Promise<{ parts: WrittenPart[]; info?: ObjectInfo }> {
  const places = new Map(earlier.map(({ key, object, from }) => [key, { object, from }]));
  const fresh: Required<ByteRange>[] = [];
  let start = 0, offset = 0;
  const parts = planned.map(({ size, from }) => {
    const at = from === undefined ? offset : from.offset;
    if (from === undefined) {
      fresh.push({ offset: start, length: size });
      offset += size;
    }
    start += size;
    return { ...(from && places.get(from.key)), ...(at === 0 ? {} : { offset: at }), size };
  });
  await moved(start - offset);
  if (offset === 0) return { parts };
  const changed = () => changedWhileSaving(path);
  const body = counted(
    checkedChunks(readRanges(content, fresh, moved), { list, ranges: fresh, error: changed }),
    moved,
  );
  const result = await backend.put(to, iterableStream(body), { size: offset, signal });
  return { parts, info: result.written ? result.info : undefined };
}

/** Reads ranges of content, in order; the whole content if it has no other way. */
async function* readRanges(
  content: LargeContent,
  ranges: readonly Required<ByteRange>[],
  moved: (bytes: number) => void | Promise<void>,
): AsyncGenerator<Uint8Array> {
  if (content.stored !== undefined) return yield* content.stored.ranges(ranges);
  if (content.range !== undefined) {
    for (const range of ranges) yield* content.range(range);
    return;
  }
  // Skipping slow content takes long, and the upload must stay alive.
  yield* onlyRanges(tapped(content.chunks(), () => moved(0)), ranges);
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  moved: (bytes: number) => void | Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    await moved(chunk.byteLength);
  }
}
