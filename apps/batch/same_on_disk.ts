/**
 * Whether a version is on the disk already, as a download would write it.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { basename, join } from "@std/path";
import type { ArtifactInfo } from "../../core/artifact.ts";
import { artifactDigest } from "../../core/record/record.ts";
import type { FileInfo } from "../../core/record/record.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { file, folder } from "../../materializers/mod.ts";
import { localPath } from "../../mod.ts";
import { hashFiles } from "../../registry/digest.ts";

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
    return digestOf(there) === digestOf(files) ? to : undefined;
  }
  const [{ path, size }] = files;
  const place = found.isDirectory() ? join(to, basename(path)) : to;
  const one = look(place);
  if (!one?.isFile() || one.size !== size) return undefined;
  const [there] = await hashFiles(file().save(localPath(place), {}), { signal });
  return digestOf([{ ...there, path }]) === digestOf(files) ? place : undefined;
}

function digestOf(files: readonly FileInfo[]): string {
  return artifactDigest({ id: "on disk", formatVersion: 1 }, files);
}

function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
