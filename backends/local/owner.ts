// The owner of what a process of root creates: that of the root folder. Otherwise the service of
// another user could no longer write to folders that an administrator created in its registry.
import fs, { type Stats } from "node:fs";
import process from "node:process";
import { realSystem } from "../../core/system.ts";
import { closeRead, READ } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";

/** The user id of root, who may give files away. */
const ROOT = 0;
/** The greatest age of something new: another program put there what is older. */
const JUST_NOW_MS = 60_000;

export interface Owner {
  /** Gives an open new file to the owner of the root folder. */
  giveFile(file: number): void;
  /** Gives a new file or folder to the owner of the root folder. Follows no link. */
  give(path: string): void;
}

/** Creates the {@linkcode Owner} of a root folder. It acts only if root writes for others. */
export function createOwner(root: string): Owner {
  let another: Pick<Stats, "uid" | "gid"> | "none" | undefined = process.platform === "win32"
    ? "none"
    : undefined;

  function giveFile(file: number): void {
    if (another === "none") return;
    try {
      if (another === undefined) {
        const own = fs.fstatSync(file), its = fs.statSync(root);
        another = own.uid === ROOT && its.uid !== ROOT ? its : "none";
      }
      if (another !== "none") fs.fchownSync(file, another.uid, another.gid);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      another = "none"; // this root may not: of a container, or of a mount
    }
  }

  function give(path: string): void {
    if (another === "none") return;
    let file: number;
    try {
      file = fs.openSync(path, READ);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return; // just removed
    }
    try {
      const age = realSystem.now() - fs.fstatSync(file).birthtimeMs;
      if (age < JUST_NOW_MS) giveFile(file);
    } finally {
      closeRead(file);
    }
  }

  return { giveFile, give };
}
