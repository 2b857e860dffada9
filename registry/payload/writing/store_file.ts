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
  { path, to, content, compress, known, as }: StoreFileJob,
  { signal, onProgress }: JobOptions,
): Promise<StoredFileReply> {
  // A disk is read no faster in parts, and a second digest would cost it a third of the time.
  const partly = () => createPartDigests(backend.kind === "local" ? 0 : content.size);
  if (as !== undefined) {
    const digests = as.encoding === undefined ? partly() : undefined;
    const sent = createMeasure(digests);
    const info = await put(sent.through(content.chunks(), moved), content.size);
    const facts = sent.facts();
    return { ...as, parts: digests?.parts() ?? [facts], info };
  }
  let seen: FileFacts | undefined;
  if (content.repeatable && known !== undefined) {
    seen = await measured(content.chunks(), () => onProgress?.({ path, bytes: 0 }));
    if (known.has(seen.sha256)) return seen;
  }
  const reply = await store();
  if (seen !== undefined && seen.sha256 !== reply.sha256) throw changedWhileSaving(path);
  return reply;

  async function store(): Promise<StoredFileReply> {
    if (content.copyFrom !== undefined && compress === undefined && backend.copy !== undefined) {
      const info = await backend.copy(content.copyFrom, to, { signal });
      const copied = await backend.get(to, { signal });
      if (copied === undefined) throw changedWhileSaving(path);
      const digests = partly();
      const facts = await measured(copied.body, moved, digests); // the record says what the copy holds
      if (facts.size !== content.size) throw changedWhileSaving(path);
      return { ...facts, parts: digests.parts(), info };
    }
    if (compress === undefined) {
      const digests = partly();
      const plain = createMeasure(digests);
      const info = await put(plain.through(content.chunks(), moved), content.size);
      return { ...plain.facts(), parts: digests.parts(), info };
    }
    const plain = createMeasure();
    const stored = createMeasure();
    const info = await put(
      stored.through(encodeStream(plain.through(content.chunks(), moved), compress), () => {}),
    );
    return { ...plain.facts(), encoding: compress, parts: [stored.facts()], info };
  }

  function moved(bytes: number): void | Promise<void> {
    return onProgress?.({ path, bytes });
  }

  async function put(
    chunks: AsyncIterable<Uint8Array>,
    size?: number,
  ): Promise<ObjectInfo | undefined> {
    return infoOf(await backend.put(to, iterableStream(chunks), { size, signal }));
  }

  async function measured(
    chunks: AsyncIterable<Uint8Array>,
    passed: (bytes: number) => void | Promise<void>,
    digests?: PartDigests,
  ): Promise<{ size: number; sha256: string }> {
    const measure = createMeasure(digests);
    for await (const _ of measure.through(chunks, passed));
    return measure.facts();
  }

  function createMeasure(hash: Pick<PartDigests, "update" | "digest"> = createSha256()) {
    let size = 0;
    return {
      facts: () => ({ size, sha256: hash.digest() }),
      async *through(
        chunks: AsyncIterable<Uint8Array>,
        passed: (bytes: number) => void | Promise<void>,
      ): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          signal?.throwIfAborted();
          hash.update(chunk);
          size += chunk.byteLength;
          yield chunk;
          await passed(chunk.byteLength);
        }
      },
    };
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
