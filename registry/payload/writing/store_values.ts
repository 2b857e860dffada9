// Stores a file by values: as what differs from an earlier file, if that is much less.
import type { Backend, ByteRange, ObjectInfo } from "../../../core/backend.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { averageFor, ListMaker } from "../../../core/bytes/content_chunks.ts";
import { createRunCheck, createSha256, sha256 } from "../../../core/bytes/digest.ts";
import { sameMemory } from "../../../core/bytes/own_memory.ts";
import { isNear } from "../../../core/driver.ts";
import { isRegistryError, notFound } from "../../../core/errors.ts";
import type { Part, StoredBase, StoredFile } from "../../../core/record.ts";
import { changedWhileSaving } from "../../../core/work/source_change.ts";
import { placeOf, sizeOfParts } from "../../cell/objects.ts";
import { payloadKey } from "../../format/layout.ts";
import { gather, passEach } from "../file_bytes.ts";
import type { StoredFileReply, StoreFileJob, ValueBase } from "../job_kinds.ts";
import { StoreReader } from "../store_reader.ts";
import {
  checkZstd,
  chooseBase,
  findBase,
  MAX_GROUP_LIST_BYTES,
  MOST_READ,
} from "../weights/values.ts";
import { encodeValues, planValues } from "../weights/encode_values.ts";
import type { Readable } from "../weights/tensors.ts";
import { Measure, type Passed } from "./measure.ts";

const NOTHING = new Uint8Array();

interface Sending {
  backend: Backend;
  job: StoreFileJob;
  signal?: AbortSignal;
  moved: Passed;
}

/** An earlier file, and the most that one may need which is made from it, as a share of its size. */
interface Candidate extends Readable {
  most: number;
  file: StoredBase;
  step: number;
  /** True once its bytes were found damaged or missing. */
  isDamaged: boolean;
}

/**
 * Stores a file by values. Returns undefined if it has none, they save little, or the earlier file is
 * damaged. That is verified while it is read: what depends on damaged bytes would be lost with their
 * repair.
 */
export async function storeValues(sending: Sending): Promise<StoredFileReply | undefined> {
  const { job: { path, content: { size = 0, range }, sharing } } = sending;
  const base = sharing?.values?.base, earlier = base && candidateOf(sending, base, size);
  const stream = new StreamRanges(sending);
  const read = (span: Required<ByteRange>) =>
    range ? gather(span.length, passEach(() => range(span))) : stream.read(span);
  const { moved: report } = sending;
  let reported = 0;
  const moved = (bytes: number) => {
    reported += bytes;
    return report(bytes);
  };
  try {
    return await storeAgainst({ ...sending, moved }, { path, size, read }, earlier);
  } catch (error) {
    if (!earlier?.isDamaged) throw error;
    sending.moved = (bytes) => { // not those again that were reported
      const again = Math.min(reported, bytes);
      reported -= again;
      return report(bytes - again);
    };
    return undefined;
  } finally {
    await stream.end();
  }
}

/** Reads ranges of content that is only a stream, which begins anew for an earlier range. */
class StreamRanges {
  readonly #sending: Sending;
  #chunks?: AsyncIterator<Uint8Array>;
  /** The rest of a chunk, and its offset. */
  #rest: Uint8Array = NOTHING;
  #at = 0;

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  async read({ offset, length }: Required<ByteRange>): Promise<Uint8Array> {
    const { job: { content, path }, signal } = this.#sending;
    if (offset < this.#at) await this.end();
    this.#chunks ??= content.chunks()[Symbol.asyncIterator]();
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (this.#rest.length === 0) {
        signal?.throwIfAborted();
        const next = await this.#chunks.next();
        if (next.done) throw changedWhileSaving(path);
        this.#rest = next.value;
        await this.#sending.moved(0);
      }
      this.#skip(offset + filled - this.#at);
      const some = this.#rest.subarray(0, length - filled);
      bytes.set(some, filled);
      filled += some.length;
      this.#skip(some.length);
    }
    return bytes;
  }

  async end(): Promise<void> {
    await this.#chunks?.return?.();
    this.#chunks = undefined;
    this.#rest = NOTHING;
    this.#at = 0;
  }

  #skip(bytes: number): void {
    const skipped = Math.min(bytes, this.#rest.length);
    this.#rest = this.#rest.subarray(skipped);
    this.#at += skipped;
  }
}

async function storeAgainst(
  sending: Sending,
  file: Readable,
  earlier: Candidate | undefined,
): Promise<StoredFileReply | undefined> {
  const { backend, job: { content, to }, signal, moved } = sending, { path, size } = file;
  checkZstd("save", path);
  const plan = await planValues(file, earlier);
  if (plan === undefined || plan.listBytes > MAX_GROUP_LIST_BYTES) return undefined;
  const from = plan.hasBase ? earlier : undefined;
  const average = averageFor(size);
  const maker = isNear(backend) ? ListMaker.fixed(average) : new ListMaker(average);
  const measure = new Measure(maker), planes = createSha256();
  let stored = 0, list: Uint8Array | undefined;
  async function* body(): AsyncGenerator<Uint8Array> {
    const chunks = measure.through(content.chunks(sameMemory()), { signal, passed: moved });
    const encoded = encodeValues({ ...plan!, chunks, base: from });
    for (let next = await encoded.next();; next = await encoded.next()) {
      if (next.done) {
        list = next.value;
        return yield list;
      }
      planes.update(next.value);
      stored += next.value.byteLength;
      yield next.value;
    }
  }
  let info: ObjectInfo | undefined;
  try {
    const put = await backend.put(to, iterableStream(body()), { signal });
    info = put.written ? put.info : undefined;
  } catch (error) {
    if (isRegistryError(error) || signal?.aborted) throw error;
    throw measure.size === size ? error : changedWhileSaving(path);
  }
  const groups = { offset: stored, size: list!.byteLength, sha256: sha256(list!) };
  return {
    ...measure.facts(),
    encoding: "values",
    values: { groups, ...(from && { base: from.file, step: from.step }) },
    parts: [{ size: stored, sha256: planes.digest() }],
    list: maker.end().encode(),
    info,
  };
}

/**
 * Stores a file as it is stored by values elsewhere. Returns undefined if that is damaged, or the base
 * lacks what it is made from.
 */
export async function storeAsStored(
  { backend, job: { path, to, as, content, sharing }, signal, moved }: Sending,
): Promise<StoredFileReply | undefined> {
  const kept = content.stored!, { file: { size, values, parts = [] } } = kept;
  const { groups: { size: listSize, sha256 }, base, step } = values!, offset = sizeOfParts(parts);
  const own = base && findBase(base, sharing?.values?.base?.file, MOST_READ * size - offset);
  if (base && !own || parts.some(({ sha256 }) => sha256 === undefined)) return undefined;
  let isDamaged = false, at = 0;
  const check = createRunCheck([...parts, values!.groups], () => {
    isDamaged = true;
    throw changedWhileSaving(path);
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const chunk of kept.planes()) {
      check(chunk);
      await moved(chunk.byteLength);
      yield chunk;
    }
  }
  const total = offset + listSize;
  const put = await backend.put(to, iterableStream(body()), { size: total, signal }).catch(
    (error) => {
      if (!isDamaged) throw error;
      return undefined;
    },
  );
  return put && {
    ...as!,
    encoding: "values",
    values: { groups: { offset, size: listSize, sha256 }, ...(own && { base: own, step }) },
    parts: parts.map(({ size, sha256 }) => ({ offset: (at += size) - size, size, sha256 })),
    list: (await kept.list())?.encode(),
    info: put.written ? put.info : undefined,
  };
}

/** Returns the earlier file that a file of this size may be made from. */
function candidateOf(
  { backend, signal }: Sending,
  { name, path, file: latest }: ValueBase,
  size: number,
): Candidate | undefined {
  const choice = chooseBase(latest, size);
  if (choice === undefined) return undefined;
  const { file, bytes } = choice, stored: StoredFile = { path, ...file };
  const missing = (key: string): Promise<never> =>
    Promise.reject(notFound("read", `"${path}" of ${name}`, "an object is missing", { key }));
  const source = {
    ref: name,
    recordKey: "",
    info: { size: file.size } as ArtifactInfo, // for progress
    files: [stored],
    inline: new Uint8Array(),
    keyOf: (file: StoredFile, part: Part) => payloadKey(name, placeOf(file, part)!, part.object),
    missing,
  };
  const reader = new StoreReader({ backend }, source, { verify: "full", signal });
  const read = async ({ offset, length }: { offset: number; length: number }) => {
    try {
      return await gather(length, passEach(() => reader.range(stored, { offset, length })));
    } catch (error) {
      candidate.isDamaged ||= isRegistryError(error, "Corrupt", "NotFound");
      throw error;
    }
  };
  const most = MOST_READ - bytes / size, step = (latest.values?.step ?? 0) + 1;
  const candidate = { path, size: file.size, most, file, read, step, isDamaged: false };
  return candidate;
}
