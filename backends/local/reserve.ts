// The reserve: files that are removed when a full disk must be written to in order to free space.
import fs from "node:fs";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/** Four inodes: for a tombstone, and for the mark, a folder and an overwrite of the collector. */
const NAMES = [".reserve", ".reserve1", ".reserve2", ".reserve3"];
/** Size of the first, enough for about sixty records, each of which takes a disk block. */
const RESERVE_BYTES = 256 * 1024;

/** Creates what is missing of the reserve. Returns false if the disk is full or denies it. */
export function makeReserve(root: LocalRoot): boolean {
  try {
    for (const name of NAMES) {
      const path = root.pathOf(name);
      if (lookIfThere(path) !== undefined) continue;
      const file = fs.openSync(path, "wx", root.modes.file);
      try {
        root.owner.giveFile(file);
        if (name === NAMES[0]) fs.writeFileSync(file, noise(RESERVE_BYTES));
      } finally {
        fs.closeSync(file);
      }
    }
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    if (errorCode(error) !== "EEXIST") giveReserve(root); // remove the incomplete file
    return false;
  }
}

/** Removes what there is of the reserve. */
export function giveReserve(root: LocalRoot): void {
  for (const name of NAMES) {
    try {
      fs.unlinkSync(root.pathOf(name));
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
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
