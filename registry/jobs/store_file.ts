// A file that becomes an object of its own.
import type { Backend, ObjectInfo, PutResult } from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { createSha256 } from "../../core/bytes/digest.ts";
import type { JobOptions } from "../../core/executor.ts";
import { createPartDigests } from "../payload/writing/part_digests.ts";
import type { PartDigests } from "../payload/writing/part_digests.ts";
import { changedWhileSaving } from "../payload/content.ts";
import { encodeStream } from "../payload/encoding.ts";
import type { FileFacts, StoredFileReply, StoreFileJob } from "./kinds.ts";

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
export function infoOf(result: PutResult): ObjectInfo | undefined {
  return result.written ? result.info : undefined;
}
