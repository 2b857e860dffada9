// Files that become objects: a large one alone, small ones together.
import type { Backend, ObjectInfo, PutResult } from "../../../core/backend.ts";
import { concatBytes, iterableStream } from "../../../core/bytes/bytes.ts";
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";
import type { JobOptions } from "../../../core/executor.ts";
import { createPartDigests, type PartDigests } from "./part_digests.ts";
import { changedWhileSaving, readSmall } from "../content.ts";
import { encodeBytes, encodeStream } from "../encoding.ts";
import type {
  FileFacts,
  PackedFilesReply,
  PackFilesJob,
  StoredFileReply,
  StoreFileJob,
} from "../job_kinds.ts";
import type { Encoding } from "../../../core/record.ts";

/** Stores a file, unless it turns out to be known. One that is read twice must be the same both times. */
export async function storeFile(
  backend: Backend,
  job: StoreFileJob,
  { signal, onProgress }: JobOptions,
): Promise<StoredFileReply> {
  const { path, content, known, as } = job;
  const moved = (bytes: number) => onProgress?.({ path, bytes });
  const sending: Sending = { backend, job, signal, moved };
  if (as !== undefined) {
    const { facts, parts, info } = await putAsIs(sending, as.encoding === undefined);
    return { ...as, parts: parts ?? [facts], info };
  }
  let seen: FileFacts | undefined;
  if (content.repeatable && known !== undefined) {
    const looking = new Measure();
    for await (const _ of looking.through(content.chunks(), { signal, passed: () => moved(0) }));
    seen = looking.facts();
    if (known.has(seen.sha256)) return seen;
  }
  const reply = await sendContent(sending);
  if (seen !== undefined && seen.sha256 !== reply.sha256) throw changedWhileSaving(path);
  return reply;
}

/** A file that is being stored. */
interface Sending {
  backend: Backend;
  job: StoreFileJob;
  signal?: AbortSignal;
  moved: Passed;
}

type Passed = (bytes: number) => void | Promise<void>;

async function sendContent(sending: Sending): Promise<StoredFileReply> {
  const { backend, job: { to, content, compress } } = sending;
  if (content.copyFrom !== undefined && compress === undefined && backend.copy !== undefined) {
    return await copyInStore(sending, content.copyFrom);
  }
  if (compress === undefined) {
    const { facts, parts, info } = await putAsIs(sending, true);
    return { ...facts, parts, info };
  }
  const { signal, moved } = sending;
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

/** Stores the bytes as they come; `partly` with digests of parts. */
async function putAsIs(
  { backend, job: { to, content }, signal, moved }: Sending,
  partly: boolean,
): Promise<{ facts: Measured; parts?: StoredFileReply["parts"]; info?: ObjectInfo }> {
  const digests = partly ? partDigestsFor(backend, content.size) : undefined;
  const measure = new Measure(digests);
  const body = iterableStream(measure.through(content.chunks(), { signal, passed: moved }));
  const info = infoOf(await backend.put(to, body, { size: content.size, signal }));
  return { facts: measure.facts(), parts: digests?.parts(), info };
}

/** Lets the store copy the file. What the copy holds is read back: the record says that. */
async function copyInStore(
  { backend, job: { path, to, content }, signal, moved }: Sending,
  from: string,
): Promise<StoredFileReply> {
  const info = await backend.copy!(from, to, { signal });
  const copied = await backend.get(to, { signal });
  if (copied === undefined) throw changedWhileSaving(path);
  const digests = partDigestsFor(backend, content.size);
  const measure = new Measure(digests);
  for await (const _ of measure.through(copied.body, { signal, passed: moved }));
  const facts = measure.facts();
  if (facts.size !== content.size) throw changedWhileSaving(path);
  return { ...facts, parts: digests.parts(), info };
}

/** A disk is read no faster in parts, and a second digest would cost it a third of the time. */
function partDigestsFor(backend: Backend, size: number | undefined): PartDigests {
  return createPartDigests(backend.kind === "local" ? 0 : size);
}

interface Measured {
  size: number;
  sha256: string;
}

/** Counts and hashes what passes through it. */
class Measure {
  readonly #hash: Pick<PartDigests, "update" | "digest">;
  #size = 0;

  constructor(hash: Pick<PartDigests, "update" | "digest"> = createSha256()) {
    this.#hash = hash;
  }

  /** What has passed. Ends the digest. */
  facts(): Measured {
    return { size: this.#size, sha256: this.#hash.digest() };
  }

  async *through(
    chunks: AsyncIterable<Uint8Array>,
    { signal, passed }: { signal?: AbortSignal; passed: Passed },
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      this.#hash.update(chunk);
      this.#size += chunk.byteLength;
      yield chunk;
      await passed(chunk.byteLength);
    }
  }
}

/** What was written; nothing is created by a payload, so it always was. */
function infoOf(result: PutResult): ObjectInfo | undefined {
  return result.written ? result.info : undefined;
}

/** Stores small files together, but those that are known; of those that are the same, one. */
export async function packFiles(
  backend: Backend,
  { to, files, compress, known }: PackFilesJob,
  { signal, onProgress }: JobOptions,
): Promise<PackedFilesReply> {
  const held: Uint8Array[] = [];
  const packed: PackedFilesReply["files"] = [];
  const bySum = new Map<string, PackedFilesReply["files"][number]>();
  let offset = 0;
  for (const { path, content, as } of files) {
    signal?.throwIfAborted();
    const { facts, bytes } = as === undefined
      ? encodeSmall(readSmall(content), compress)
      : { facts: as, bytes: readSmall(content) };
    if (as === undefined && known?.has(facts.sha256)) {
      packed.push({ size: facts.size, sha256: facts.sha256 });
      continue;
    }
    const same = bySum.get(`${facts.sha256} ${facts.encoding}`);
    if (same !== undefined) {
      packed.push(same);
      await onProgress?.({ path, bytes: facts.size });
      continue;
    }
    const sum = facts.encoding === undefined ? {} : { sha256: sha256(bytes) };
    const file = { ...facts, part: { offset, size: bytes.byteLength, ...sum } };
    bySum.set(`${facts.sha256} ${facts.encoding}`, file);
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
