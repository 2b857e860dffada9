// The raw floors: the file operations that a measure cannot do without, and nothing else.
import fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface WriteFloorOptions {
  fsync: boolean;
  mkdir: boolean;
}

export async function writeLinkUnlink(
  stage: string,
  { target, bytes }: { target: string; bytes: Uint8Array },
  { fsync, mkdir }: WriteFloorOptions,
): Promise<void> {
  const file = fs.openSync(stage, "wx");
  fs.writeSync(file, bytes);
  if (fsync) await sync(file);
  const first = mkdir ? makeFolder(dirname(target)) : undefined;
  fs.linkSync(stage, target);
  fs.unlinkSync(stage);
  fs.closeSync(file);
  if (!fsync) return;
  const folders = [dirname(target)];
  while (first !== undefined && folders[0].length >= first.length) {
    folders.unshift(dirname(folders[0]));
  }
  await Promise.all(folders.map(syncFolder)); // at once: a disk does many in the time of one
}

/** Makes a folder and those above it; returns the first that was made. */
function makeFolder(path: string): string | undefined {
  if (fs.existsSync(path)) return undefined;
  const first = makeFolder(dirname(path));
  fs.mkdirSync(path); // with `recursive` it takes five times as long
  return first ?? path;
}

const sync = promisify(fs.fsync);

async function syncFolder(path: string): Promise<void> {
  const folder = fs.openSync(path, "r");
  await sync(folder);
  fs.closeSync(folder);
}
