/**
 * Brings files and names to the disk: a file is safe from a power cut only when its name is, and the names of all
 * folders above it. Always asynchronous: a disk brings many files home in the time it needs for one.
 *
 * @module
 */
import fs from "node:fs";
import { dirname, sep } from "node:path";
import { errorCode } from "./errors.ts";

const MAX_REMEMBERED = 10_000;

/** Brings the names in a folder to the disk, and those of the folder itself and of all above it. */
export type FolderSync = (folder: string) => Promise<void>;

/**
 * Creates a {@linkcode FolderSync} which goes up to `root`, and does not repeat what it did before. A folder is known
 * by its path and by what tells it from one that another process removed and made anew.
 */
export function createFolderSync(root: string): FolderSync {
  const safe = new Map<string, string>();
  return async (folder) => {
    const folders = [folder];
    const named: [path: string, identity: string][] = [];
    for (let path = folder; path !== root; path = dirname(path)) {
      const identity = identify(path);
      if (identity === undefined) return; // removed meanwhile, and what was written in it too
      if (safe.get(path) === identity) break;
      named.push([path, identity]);
      folders.push(dirname(path));
    }
    await Promise.all(folders.map(syncFolder));
    if (safe.size + named.length > MAX_REMEMBERED) safe.clear();
    for (const [path, identity] of named) safe.set(path, identity);
  };
}

/** Brings the names in one folder to the disk. */
export async function syncFolder(path: string): Promise<void> {
  if (sep === "\\") return; // Windows opens no folders; NTFS journals their names
  let file: number;
  try {
    file = fs.openSync(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // removed meanwhile
    throw error;
  }
  try {
    await syncFile(file);
  } finally {
    fs.closeSync(file);
  }
}

/** Brings the bytes of an open file to the disk. */
export function syncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) => fs.fsync(file, (error) => error ? reject(error) : resolve()));
}

function identify(path: string): string | undefined {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.ino} ${stats.birthtimeMs}`;
}
