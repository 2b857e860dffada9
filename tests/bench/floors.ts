// The raw floors: the file operations that a measure cannot do without, and nothing else.
import fs from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createSha256 } from "../../core/bytes/digest.ts";
import { MIB } from "./values.ts";

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

/** Writes a file in slices and computes its SHA-256. */
export function writeAndHash(
  path: string,
  bytes: Uint8Array,
  { fsync }: { fsync: boolean },
): string {
  const hash = createSha256();
  const file = fs.openSync(path, "w");
  for (let offset = 0; offset < bytes.byteLength; offset += MIB) {
    const slice = bytes.subarray(offset, offset + MIB);
    hash.update(slice);
    fs.writeSync(file, slice);
  }
  if (fsync) fs.fsyncSync(file);
  fs.closeSync(file);
  return hash.digest();
}

/** Reads a file whole and computes its SHA-256. */
export function readAndHash(path: string): string {
  return createSha256().update(fs.readFileSync(path)).digest();
}

/** Reads a file in slices and computes its SHA-256; writes it to `to` where that is given. */
export function streamAndHash(path: string, to?: string): string {
  const hash = createSha256();
  const buffer = new Uint8Array(MIB);
  const source = fs.openSync(path, "r");
  const target = to === undefined ? undefined : fs.openSync(to, "w");
  for (let size = fs.readSync(source, buffer); size > 0; size = fs.readSync(source, buffer)) {
    hash.update(buffer.subarray(0, size));
    if (target !== undefined) fs.writeSync(target, buffer, 0, size);
  }
  fs.closeSync(source);
  if (target !== undefined) fs.closeSync(target);
  return hash.digest();
}

export function folderBytes(path: string): number {
  let bytes = 0;
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    bytes += entry.isDirectory() ? folderBytes(inside) : fs.statSync(inside).size;
  }
  return bytes;
}
