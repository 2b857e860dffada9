/**
 * The digest of a file or folder on a disk: the one that it would have in a registry.
 *
 * @module
 */
import { statSync } from "node:fs";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { onDisk } from "../../core/disk/file_errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { artifactDigest } from "../../core/record/record.ts";
import type { FileInfo } from "../../core/record/record.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { file, folder, localPath } from "../../materializers/mod.ts";

/** What is at a path. */
export interface PathDigest {
  /** SHA-256, as of an artifact of this content. */
  digest: string;
  /** Bytes of all files. */
  size: number;
  /** Number of files, empty folders included. */
  files: number;
}

/**
 * Reads a file or folder and tells its digest.
 *
 * @throws {RegistryError} `NotFound` where there is none
 */
export async function digestOfPath(path: string, { signal }: SignalOptions = {}): Promise<PathDigest> {
  const materializer = onDisk("read", path, () => statSync(path)).isDirectory() ? folder() : file();
  const infos: FileInfo[] = [];
  for await (const found of await materializer.save(localPath(path, { links: "keep" }), { signal })) {
    signal?.throwIfAborted();
    infos.push({ path: found.path, ...await hashed(found), ...(found.mode === undefined ? {} : { mode: found.mode }) });
  }
  return {
    digest: artifactDigest(materializer, infos),
    size: infos.reduce((sum, { size }) => sum + size, 0),
    files: infos.length,
  };
}

async function hashed({ content }: FileToSave): Promise<{ size: number; sha256: string }> {
  if (content instanceof Uint8Array) return { size: content.byteLength, sha256: sha256(content) };
  const hash = createSha256();
  let size = 0;
  const stream = content instanceof ReadableStream
    ? content
    : (content as { stream(): ReadableStream<Uint8Array> }).stream();
  for await (const chunk of stream) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest() };
}
