// The reserve: a small file that is removed when a full disk must be written to in order to free
// space.
import fs from "node:fs";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/** Enough for about sixty records, each of which takes a disk block. */
const RESERVE_BYTES = 256 * 1024;

/** Creates the reserve if it is missing. Returns false if the disk is full or denies it. */
export function makeReserve(root: LocalRoot): boolean {
  const path = root.pathOf(".reserve");
  try {
    if (lookIfThere(path) !== undefined) return true;
    const file = fs.openSync(path, "wx", root.modes.file);
    try {
      fs.writeFileSync(file, noise(RESERVE_BYTES));
    } finally {
      fs.closeSync(file);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    if (errorCode(error) !== "EEXIST") giveReserve(root); // remove the incomplete file
    return false;
  }
}

/** Removes the reserve; returns false if there is none. */
export function giveReserve(root: LocalRoot): boolean {
  try {
    fs.unlinkSync(root.pathOf(".reserve"));
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}

/** Returns incompressible bytes: some file systems compress. */
function noise(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (state * 48271) % 0x7fffffff;
    bytes[i] = state >> 8;
  }
  return bytes;
}
