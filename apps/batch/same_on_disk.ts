/**
 * Whether a version is on the disk already, as a download would write it.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { basename, join } from "node:path";
import { hashFiles, localPath } from "../../mod.ts";
import type { ArtifactInfo, FileInfo, SignalOptions } from "../../mod.ts";
import { file, folder } from "../../materializers/mod.ts";

/**
 * Where the version is on the disk, or undefined where something else is, or nothing. Every byte is read and hashed; of
 * a folder, no file may be missing, different or there beside them.
 *
 * @param to the file or folder, as a download takes it
 */
export async function sameOnDisk(
  { files, materializer }: ArtifactInfo,
  to: string,
  { signal }: SignalOptions,
): Promise<string | undefined> {
  const found = look(to);
  if (found === undefined) return undefined;
  const isFolder = files.length !== 1 || materializer.id === "folder";
  if (isFolder) {
    if (!found.isDirectory()) return undefined;
    const there = await hashFiles(folder().save(localPath(to, { links: "keep" }), {}), { signal });
    return isSame(there, files) ? to : undefined;
  }
  const [{ path, size }] = files;
  const place = found.isDirectory() ? join(to, basename(path)) : to;
  const one = look(place);
  if (!one?.isFile() || one.size !== size) return undefined;
  const [there] = await hashFiles(file().save(localPath(place), {}), { signal });
  return isSame([{ ...there, path }], files) ? place : undefined;
}

/** Whether these are the same files with the same content, whatever their order. */
function isSame(files: readonly FileInfo[], others: readonly FileInfo[]): boolean {
  const lines = (all: readonly FileInfo[]) =>
    all.map(({ path, size, sha256, mode }) => JSON.stringify([path, size, sha256, mode])).sort();
  const [one, other] = [lines(files), lines(others)];
  return one.length === other.length && one.every((line, i) => line === other[i]);
}

function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
