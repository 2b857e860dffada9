// The reserve: files that are removed when a full disk must be written to in order to free space.
import fs from "node:fs";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/**
 * Names and sizes. A deletion keeps what it takes, so it may not take what the collector needs for
 * its mark, a folder and overwrites: nothing else could free what was deleted. Where links count as
 * inodes (tmpfs), a tombstone takes two until its stage file goes. Each record takes a disk block.
 */
const OF_DELETIONS = { ".reserve": 256 * 1024, ".reserve4": 0 };
const OF_COLLECTOR = { ".reserve1": 0, ".reserve2": 0, ".reserve3": 0, ".reserve5": 16 * 1024 };

/** Creates what is missing of the reserve. Returns false if the disk is full or denies it. */
export function makeReserve(root: LocalRoot): boolean {
  for (const [name, size] of Object.entries({ ...OF_COLLECTOR, ...OF_DELETIONS })) {
    const path = root.pathOf(name);
    try {
      if (lookIfThere(path) !== undefined) continue;
      const file = fs.openSync(path, "wx", root.modes.file);
      try {
        root.owner.giveFile(file);
        if (size > 0) fs.writeFileSync(file, noise(size));
      } finally {
        fs.closeSync(file);
      }
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      if (errorCode(error) !== "EEXIST") remove(path); // incomplete
      return false;
    }
  }
  return true;
}

/** Removes what there is of the reserve, for a deletion only its part. */
export function giveReserve(root: LocalRoot, { isDeletion }: { isDeletion: boolean }): void {
  const names = isDeletion ? OF_DELETIONS : { ...OF_DELETIONS, ...OF_COLLECTOR };
  for (const name of Object.keys(names)) remove(root.pathOf(name));
}

function remove(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/** Returns incompressible bytes: some file systems compress. */
function noise(count: number): Uint8Array {
  const words = new Uint32Array(count / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
