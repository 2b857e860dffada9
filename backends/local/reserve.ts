// The reserve: a file that takes a little room, and gives it back when a full disk must be written
// to so that room can be freed.
import fs from "node:fs";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/** Enough for some sixty records, each of which takes a block of the disk. */
const RESERVE_BYTES = 256 * 1024;

/** Makes the reserve of a store where it is missing. False where it cannot be: the disk is full, or denies it. */
export function makeReserve(root: LocalRoot): boolean {
  const path = root.pathOf(".reserve");
  try {
    if (lookIfThere(path) !== undefined) return true;
    const file = fs.openSync(path, "wx", root.modes.file); // as the umask says
    try {
      fs.writeFileSync(file, noise(RESERVE_BYTES));
    } finally {
      fs.closeSync(file);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    if (errorCode(error) !== "EEXIST") giveReserve(root); // what there was no room for
    return false;
  }
}

/** Gives the reserve back to the disk; false where there is none. */
export function giveReserve(root: LocalRoot): boolean {
  try {
    fs.unlinkSync(root.pathOf(".reserve"));
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}

function noise(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (state * 48271) % 0x7fffffff;
    bytes[i] = state >> 8;
  }
  return bytes;
}
