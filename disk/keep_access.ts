// Access to files that replace others, also those of other users: owner, group and mode stay, and
// links are followed.
import fs, { type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { denied, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { closeRead, READ } from "./disk_calls.ts";
import { errorCode, onDisk } from "./file_errors.ts";
import { executableMode } from "./mounts/executable_bits.ts";

/** Without those that run a program as another user. */
const PERMISSIONS = 0o777;
const OF_GROUP = 0o070;
const EXECUTE = 0o111;

/** Follows links to the end, also to a path where nothing is yet. */
export function behindLinks(action: string, path: string): string {
  return onDisk(action, path, () => endOf(resolve(path)));
}

function endOf(path: string): string {
  if (!fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  try {
    return fs.realpathSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return endOf(resolve(fs.realpathSync(dirname(path)), fs.readlinkSync(path)));
  }
}

/** The owner, group and mode of a file. */
export type Access = Pick<Stats, "uid" | "gid" | "mode">;

/**
 * Gives a new file the owner, group and mode of the file that it will replace. Returns false if
 * this user cannot give it that owner or group; a wrong group gets no further rights.
 *
 * @param file the open new file: a path could meanwhile lead to another one
 */
export function keepAccess(file: number, replaced: Access | undefined): boolean {
  if (replaced === undefined || process.platform === "win32") return true;
  const { uid, gid, mode } = fs.fstatSync(file);
  const isKept = uid === replaced.uid && gid === replaced.gid ||
    isGiven(file, replaced.uid, replaced.gid);
  const isGroupKept = isKept || gid === replaced.gid || isGiven(file, uid, replaced.gid);
  const wanted = replaced.mode & (isGroupKept ? PERMISSIONS : PERMISSIONS & ~OF_GROUP | mode);
  if ((mode & PERMISSIONS) !== (wanted & PERMISSIONS)) fs.fchmodSync(file, wanted & PERMISSIONS);
  return isKept;
}

/**
 * Like {@linkcode keepAccess}, as far as this user may: for folders that several users change. The
 * new content decides whether the file is executable.
 *
 * @param path the new file, not a link
 */
export function keepMostAccess(path: string, replaced: Access, isExecutable = false): void {
  const { uid, gid, mode } = replaced;
  const file = fs.openSync(path, READ);
  try {
    keepAccess(file, { uid, gid, mode: isExecutable ? executableMode(mode) : mode & ~EXECUTE });
  } finally {
    closeRead(file);
  }
}

function isGiven(file: number, uid: number, gid: number): boolean {
  try {
    fs.fchownSync(file, uid, gid);
    return true;
  } catch {
    return false; // only root gives files away, and others only to their groups
  }
}

/** The error if {@linkcode keepAccess} returns false. */
export function foreignFile(action: string, path: string, { uid, gid }: Access): RegistryError {
  const state = `its owner (user ${uid}, group ${gid}) would change`;
  return denied(action, shown(path), state, {
    hint: `Run the command as that user, with sudo -u '#${uid}', or as root.`,
  });
}
