// Small files that become one object.
import type { Backend } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { JobOptions } from "../../core/executor.ts";
import type { Encoding } from "../../core/record/record.ts";
import { readSmall } from "../payload/content.ts";
import { encodeBytes } from "../payload/encoding.ts";
import type { FileFacts, PackedFilesReply, PackFilesJob } from "./kinds.ts";
import { infoOf } from "./store_file.ts";

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
