// Stores files as objects: a large one alone, small ones together.
import type { Backend, ObjectInfo, PutResult } from "../../../core/backend.ts";
import { concatBytes, iterableStream } from "../../../core/bytes/bytes.ts";
import {
  averageFor,
  averageLike,
  type ChunkList,
  ListMaker,
  MIN_CUT_BYTES,
} from "../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { memoryStream, sameMemory } from "../../../core/bytes/own_memory.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { JobOptions } from "../../../core/executor.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { changedWhileSaving } from "../../../core/work/source_change.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import { readSmall } from "../content.ts";
import { encodeBytes, encodeStream } from "../encoding.ts";
import { isNear } from "../../../core/driver.ts";
import { type Earlier, isAlike, openAlike, openEarlier, planAgainst } from "./earlier.ts";
import { storeParts } from "./earlier.ts";
import { Measure, type Passed } from "./measure.ts";
import { MIN_VALUED_BYTES } from "../sharing.ts";
import type {
  EarlierFile,
  FileFacts,
  PackedFilesReply,
  PackFilesJob,
  StoredFileReply,
  StoreFileJob,
} from "../job_kinds.ts";
import type { Encoding } from "../../../core/record.ts";

/** Stores a file, unless it is known. Content that is read twice must be the same both times. */
export async function storeFile(
  { backend }: { backend: Backend },
  job: StoreFileJob,
  { signal, onProgress }: JobOptions,
): Promise<StoredFileReply> {
  const { path, content: { repeatable, size = 0 }, as, known, leftDigests, sharing } = job;
  const moved = (bytes: number) => onProgress?.({ path, bytes });
  const sending: Sending = { backend, job, signal, moved };
  if (!repeatable) return await sendContent(sending, newList(sending));
  const earlierFile = canBeCut(job) ? sharing?.earlier : undefined;
  const alike = as ? undefined : earlierFile && await openAlike(sending, earlierFile, size);
  const first = alike?.expectsEqual === false ? await cutAlike(sending, alike) : undefined;
  const searched = first === false ? undefined : earlierFile;
  const mayBeKnown = known && !(first === false && known.size === 1); // that of the earlier file
  // If a file of this size is unchanged, none of its bytes are read in the store.
  const cut = first ||
    ((mayBeKnown || leftDigests) && await cutContent(sending, firstList(sending, searched)));
  const stored = cut && storedAlready(job, cut);
  if (stored !== undefined) return stored;
  const inPlace = first ?? (alike?.expectsEqual ? await cutAlike(sending, alike) : undefined);
  if (alike && inPlace) return await storeNewBytes(sending, alike, inPlace);
  return await storedByValues(sending, cut) ??
    await storeUnlike(sending, inPlace === false ? undefined : earlierFile, cut);
}

/** Stores a file by values if it may be and that is worth it. */
async function storedByValues(sending: Sending, cut?: Cut): Promise<StoredFileReply | undefined> {
  const { path, content: { size = 0, stored }, as, compress, sharing } = sending.job;
  if (!sharing?.values || compress || size < MIN_VALUED_BYTES) return undefined;
  const { storeAsStored, storeValues } = await import("./store_values.ts"); // few saves need it
  const valued = await (as && stored?.file.values ? storeAsStored : storeValues)(sending);
  if (cut && valued && cut.facts.sha256 !== valued.sha256) throw changedWhileSaving(path);
  return valued;
}

/** Stores a file that has no earlier one, or one of another size or with many other bytes. */
async function storeUnlike(
  sending: Sending,
  earlierFile?: EarlierFile,
  cut?: Cut,
): Promise<StoredFileReply> {
  const earlier = earlierFile &&
    await openEarlier(sending, earlierFile, sending.job.content.size ?? 0);
  if (earlier !== undefined) return await storeChanged(sending, earlier, cut);
  if (cut !== undefined) return await sendAgain(sending, cut.facts);
  return await sendContent(sending, newList(sending));
}

/** Begins a list of chunks where one is needed even if the file is not stored. */
function firstList(sending: Sending, earlier: EarlierFile | undefined): ListMaker | undefined {
  const { leftDigests, content: { size = 0 } } = sending.job;
  if (leftDigests !== undefined) return newList(sending);
  return earlier?.expectsEqual === false ? new ListMaker(averageFor(size)) : undefined;
}

function storedAlready({ known, leftDigests }: StoreFileJob, { facts, list }: Cut) {
  if (known?.has(facts.sha256)) return facts;
  if (!leftDigests?.has(facts.sha256)) return undefined;
  return list.count > 0 ? { ...facts, list: list.encode() } : facts;
}

async function storeChanged(
  sending: Sending,
  earlier: Earlier,
  cut?: Cut,
): Promise<StoredFileReply> {
  const { job: { content, as } } = sending;
  // A stored file whose chunks are listed need not be read to be compared.
  const listed = as && await content.stored?.list();
  if (listed?.average === earlier.list.average && !listed.isFixed) {
    try {
      return await storeNewBytes(sending, earlier, { facts: as!, list: listed });
    } catch (error) {
      // Reading all of a damaged file names the damage.
      if (!isRegistryError(error, "Conflict")) throw error;
      return await sendAgain(sending, as!);
    }
  }
  const average = averageLike(earlier.list, content.size ?? 0);
  const suits = cut !== undefined && cut.list.count > 0 && cut.list.average === average;
  const used = suits ? cut : await cutContent(sending, new ListMaker(average));
  return await storeNewBytes(sending, earlier, used);
}

/** Stores the new bytes of a file, or all of them if they are many. */
async function storeNewBytes(
  sending: Sending,
  earlier: Earlier,
  { facts, list }: Cut,
): Promise<StoredFileReply> {
  const { job: { to, path, content, as }, moved } = sending;
  const encoded = list.encode();
  const planned = encoded && await planAgainst(sending, list, earlier);
  if (planned === undefined) return await sendAgain(sending, facts, encoded);
  const from = { ...earlier, planned, list };
  const stored = await storeParts(sending, { to, path, content }, from, moved);
  return { ...facts, ...as, ...stored, list: encoded };
}

/** Stores all of a file that was read before. */
async function sendAgain(
  sending: Sending,
  facts: FileFacts,
  list?: Uint8Array,
): Promise<StoredFileReply> {
  const reply = await sendContent(sending, list === undefined ? newList(sending) : undefined);
  if (facts.sha256 !== reply.sha256) throw changedWhileSaving(sending.job.path);
  return list !== undefined && keepsList(sending, facts) ? { ...reply, list } : reply;
}

/** Larger files, in bytes, have a list of chunks on every store. Without one, a range reads it all. */
const UNLISTED_BYTES = 8 * 1024 * 1024;

/** Begins the list of chunks of a file that is sent whole, for ranges and for its next version. */
function newList({ backend, job }: Sending): ListMaker | undefined {
  const { sharing, content: { size } } = job;
  if (!canBeCut(job)) return undefined;
  const average = averageFor(size ?? 0);
  if (sharing !== undefined && !isNear(backend)) return new ListMaker(average);
  return (size ?? Infinity) > UNLISTED_BYTES ? ListMaker.fixed(average) : undefined;
}

function keepsList({ backend }: Sending, { size }: FileFacts): boolean {
  return size > UNLISTED_BYTES || !isNear(backend);
}

/** True for a file whose chunks can be shared: not compressed, and large enough. */
function canBeCut({ content: { size }, compress, as }: StoreFileJob): boolean {
  const encoding = as === undefined ? compress : as.encoding;
  return encoding === undefined && (size === undefined || size >= MIN_CUT_BYTES);
}

/** The facts of content, and its chunks. */
interface Cut {
  facts: FileFacts;
  list: ChunkList;
}

/** Reads content through. Without a `maker` its list of chunks is empty. */
async function cutContent({ job, signal, moved }: Sending, maker?: ListMaker): Promise<Cut> {
  const measure = new Measure(maker);
  const passed = () => moved(0);
  const { content } = job;
  for await (const _ of measure.through(content.chunks(sameMemory()), { signal, passed }));
  return { facts: measure.facts(), list: (maker ?? new ListMaker(averageFor(0))).end() };
}

/**
 * Shares of a file that is cut like an earlier one: the most that may be new, and the most that the
 * first chunks of changed ranges may have. Cutting by bytes stores less at the ends of ranges.
 */
const MOST_NEW = 1 / 8, MOST_AT_ENDS = 1 / 64;

/**
 * Cuts content at the places of an earlier file of its size. Returns undefined if more of it is new,
 * and false if also no sample of it is in the earlier file.
 */
async function cutAlike(
  sending: Sending,
  before: Earlier,
): Promise<Cut | false | undefined> {
  const { job: { content }, signal, moved } = sending, earlier = before.list;
  const maker = ListMaker.fixed(earlier.average), measure = new Measure(maker);
  const { list } = maker, passed = () => moved(0);
  let chunk = 0, isEqual = true, newBytes = 0, atEnds = 0;
  for await (const _ of measure.through(content.chunks(sameMemory()), { signal, passed })) {
    for (; chunk < list.count; chunk++) {
      const follows = isEqual;
      isEqual = chunk < earlier.count && list.equals(chunk, earlier, chunk);
      if (isEqual) continue;
      newBytes += list.lengthOf(chunk);
      if (follows) atEnds += list.lengthOf(chunk);
    }
    if (newBytes > earlier.size * MOST_NEW || atEnds > earlier.size * MOST_AT_ENDS) {
      return newBytes === list.size && !await isAlike(sending, content, before) ? false : undefined;
    }
  }
  return { facts: measure.facts(), list: maker.end() };
}

interface Sending {
  backend: Backend;
  job: StoreFileJob;
  signal?: AbortSignal;
  moved: Passed;
}

/** Sends all of the content. */
async function sendContent(sending: Sending, maker?: ListMaker): Promise<StoredFileReply> {
  const { backend, job: { to, content, compress, as }, signal, moved } = sending;
  if (as === undefined && compress !== undefined) return await sendCompressed(sending, compress);
  const { source, size } = content, measure = new Measure(maker);
  const measured = (chunks: AsyncIterable<Uint8Array>) =>
    measure.through(chunks, { signal, passed: moved });
  const read = () => measured(content.chunks(sameMemory()));
  const given = source instanceof DiskContent && source.giveTo(backend, to, { read, signal });
  const info = given ? await given : infoOf(
    await backend.put(
      to,
      content.takesMemory && !isNear(backend)
        ? memoryStream((take) => measured(content.chunks(take)))
        : iterableStream(measured(content.chunks())),
      { size, signal },
    ),
  );
  const facts = measure.facts();
  const list = keepsList(sending, facts) ? maker?.end().encode() : undefined;
  // Stored bytes of a compressed file have no other digest.
  const part = as?.encoding === undefined ? { size: facts.size } : facts;
  return { ...facts, ...as, parts: [part], ...(list && { list }), info };
}

async function sendCompressed(
  { backend, job: { to, content }, signal, moved }: Sending,
  compress: Encoding,
): Promise<StoredFileReply> {
  const plain = new Measure();
  const stored = new Measure();
  const encoded = encodeStream(
    plain.through(content.chunks(), { signal, passed: moved }),
    compress,
  );
  const body = stored.through(encoded, { signal, passed: () => {} });
  const info = infoOf(await backend.put(to, iterableStream(body), { signal }));
  return { ...plain.facts(), encoding: compress, parts: [stored.facts()], info };
}

/** Payloads use no create-only puts, so all of them are written. */
function infoOf(result: PutResult): ObjectInfo | undefined {
  return result.written ? result.info : undefined;
}

/** Stores small files in one object, without known ones; equal files once. */
export async function packFiles(
  { backend }: { backend: Backend },
  { to, files, compress, known }: PackFilesJob,
  { signal, onProgress }: JobOptions,
): Promise<PackedFilesReply> {
  const held: Uint8Array[] = [];
  const packed: PackedFilesReply["files"] = [];
  const bySha256 = new Map<string, PackedFilesReply["files"][number]>();
  let offset = 0;
  for await (const { path, content, as } of inTurns(files)) {
    signal?.throwIfAborted();
    const { facts, bytes } = as === undefined
      ? encodeSmall(readSmall(content), compress)
      : { facts: as, bytes: readSmall(content) };
    if (as === undefined && known?.get(facts.size)?.some((some) => some.has(facts.sha256))) {
      packed.push({ size: facts.size, sha256: facts.sha256 });
      continue;
    }
    const id = `${facts.sha256} ${facts.encoding}`;
    const same = bySha256.get(id);
    if (same !== undefined) {
      packed.push(same);
      await onProgress?.({ path, bytes: facts.size });
      continue;
    }
    const digest = facts.encoding === undefined ? {} : { sha256: sha256(bytes) };
    const file = { ...facts, parts: [{ offset, size: bytes.byteLength, ...digest }] };
    bySha256.set(id, file);
    packed.push(file);
    held.push(bytes);
    offset += bytes.byteLength;
    await onProgress?.({ path, bytes: facts.size });
  }
  if (held.length === 0) return { files: packed };
  const body = concatBytes(held);
  return {
    files: packed,
    info: infoOf(await backend.put(to, body, { size: body.byteLength, signal })),
  };
}

export function encodeSmall(
  plain: Uint8Array,
  compress?: Encoding,
): { facts: FileFacts; bytes: Uint8Array } {
  const facts = { size: plain.byteLength, sha256: sha256(plain) };
  const encoded = compress === undefined ? plain : encodeBytes(plain, compress);
  if (encoded.byteLength >= plain.byteLength) return { facts, bytes: plain };
  return { facts: { ...facts, encoding: compress }, bytes: encoded };
}
