// The digest of a value that is not saved.
import { digestOfChunks, sha256 } from "../../../core/bytes/digest.ts";
import { sameMemory } from "../../../core/bytes/own_memory.ts";
import type { FilesToSave, FileToSave, Materializer } from "../../../core/materializer.ts";
import { checkGiven } from "../../../core/options/check_options.ts";
import type { FileInfo } from "../../../core/record.ts";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import { openContent, readSmall } from "../../payload/content.ts";
import { fileFacts } from "../../../core/registry/file_facts.ts";

/** Returns the digest of files as a value of this materializer; see `registry/tools/history.ts`. */
export async function digestOfFiles(
  materializer: Materializer,
  produced: FilesToSave,
  options: SignalOptions,
): Promise<string> {
  return await artifactDigest(materializer, await hashFiles(produced, options));
}

export async function hashFiles(
  produced: FilesToSave,
  { signal }: SignalOptions,
): Promise<FileInfo[]> {
  const is = typeof produced === "object" && produced !== null &&
    (Symbol.iterator in produced || Symbol.asyncIterator in produced ||
      produced instanceof Promise);
  const hint = "Pass [{ path, content }].";
  checkGiven("hash files", produced, { is, what: "list of files", hint });
  const hashed: FileInfo[] = [];
  for await (const file of Symbol.asyncIterator in produced ? produced : await produced) {
    signal?.throwIfAborted();
    hashed.push({ path: file.path, ...await hashContent(file, signal), ...fileFacts(file) });
  }
  return hashed;
}

async function hashContent(
  file: FileToSave,
  signal?: AbortSignal,
): Promise<{ size: number; sha256: string }> {
  const content = await openContent(file);
  if (content.kind === "placed") return content.placed.file;
  if (content.kind === "stored") return content.stored.facts;
  if (content.kind === "small") {
    const bytes = readSmall(content.content);
    return { size: bytes.byteLength, sha256: sha256(bytes) };
  }
  return await digestOfChunks(content.content.chunks(sameMemory()), signal);
}
