// Digests of local files and folders, equal to those of artifacts with the same content. Links are
// followed, because steps read what they lead to.
import { lstatSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { SignalOptions } from "../../registry/mod.ts";
import { artifactDigest, createSha256, sha256 } from "../../core/kernel.ts";
import type { FileInfo, FileToSave } from "../../materializers/mod.ts";
import { fileError, onDisk } from "../../disk/file_errors.ts";
import { mountIdentity } from "../../disk/mounts/identity.ts";
import { pathsBelow } from "../../disk/paths_below.ts";
import { file, folder, localPath } from "../../materializers/path.ts";

/** Reads a file or folder. Returns its digest as an artifact, and its size in bytes. */
export async function digestOfPath(
  path: string,
  { signal }: SignalOptions = {},
): Promise<{ digest: string; size: number }> {
  const materializer = onDisk("read", path, () => statSync(path)).isDirectory() ? folder() : file();
  const infos: FileInfo[] = [];
  const local = localPath(path, {
    all: true,
    links: "follow",
    onLeftOut({ path, target }) { // a broken link
      if (target === undefined) return;
      infos.push({ path, size: 0, sha256: sha256(target), mode: "link" });
    },
  });
  for await (const savedFile of await materializer.save(local, { signal })) {
    signal?.throwIfAborted();
    infos.push({ path: savedFile.path, ...await hashed(savedFile), mode: savedFile.mode });
  }
  return {
    digest: await artifactDigest(materializer, infos),
    size: infos.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Digests of local paths, each with the state of the files when they were read. */
export type KnownDigests = Map<string, { state: string; digest: string }>;

/** Returns the digest of a file or folder, from `known` if its files have not changed. */
export async function digestNow(
  path: string,
  known: KnownDigests,
  options: SignalOptions = {},
): Promise<string> {
  const state = await stateOf(path).catch((cause) => {
    throw fileError("read", path, cause);
  });
  const last = known.get(path);
  if (state !== undefined && last?.state === state) return last.digest;
  const { digest } = await digestOfPath(path, options);
  if (state !== undefined) known.set(path, { state, digest });
  return digest;
}

/** Returns undefined for a folder with links, whose targets may change, or names not in UTF-8. */
async function stateOf(path: string): Promise<string | undefined> {
  const hash = createSha256();
  const add = (name: string, { dev, ino, size, mtimeMs, ctimeMs }: Stats) =>
    hash.update(
      new TextEncoder().encode(
        `${JSON.stringify(name)} ${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}\n`,
      ),
    );
  const whole = statSync(path);
  add(`${mountIdentity(path)}`, whole); // another disk may have equal inodes and times
  if (whole.isDirectory()) {
    for (const name of (await Array.fromAsync(pathsBelow(path))).sort()) {
      const stats = lstatSync(join(path, name), { throwIfNoEntry: false });
      if (stats === undefined || stats.isSymbolicLink()) return undefined;
      add(name, stats);
    }
  }
  return hash.digest();
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

/** Returns the name of a single file; undefined for a folder. */
export function fileOf(path: string): string | undefined {
  return statSync(path).isFile() ? basename(path) : undefined;
}
