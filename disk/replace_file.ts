// Replaces files, also those of other users: owner, group and mode stay, and links are followed. A
// service that may read a file can still read it after an administrator has changed it.
import { randomBytes } from "node:crypto";
import fs, { type Stats } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { conflict, denied, invalid, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { closeRead, READ } from "./disk_calls.ts";
import { errorCode, fileError, onDisk } from "./file_errors.ts";
import { isSpecial, SPECIAL } from "./target.ts";
import { executableMode } from "./mounts/executable_bits.ts";

/** Without those that run a program as another user. */
const PERMISSIONS = 0o777;
const OF_GROUP = 0o070;
const EXECUTE = 0o111;

/**
 * Changes a small file. Readers see the old or the new content. The temporary file `FILE.new`
 * excludes other writers. A new file is readable by its owner only.
 *
 * @param action the operation, for errors: `change token file`
 * @param change receives the content, undefined if there is no file
 * @throws {RegistryError} `Conflict` during another change, `Denied` if the owner or group of the
 * file could not stay
 */
export function changeFile(
  action: string,
  file: string,
  change: (content: string | undefined) => string,
): void {
  const path = behindLinks(action, file);
  const next = `${path}.new`;
  const opened = openNext(action, file, next);
  try {
    try {
      const replaced = readReplaced(action, path);
      const content = change(replaced?.content);
      if (!keepAccess(opened, replaced?.stats)) throw foreignFile(action, path, replaced!.stats);
      fs.writeFileSync(opened, content);
      fs.fsyncSync(opened);
    } finally {
      fs.closeSync(opened);
    }
    fs.renameSync(next, path);
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw fileError(action, path, error);
  }
}

/**
 * Replaces a small file that several programs may write at once: the last one wins. Readers see the
 * old or the new content. Owner, group and mode stay as far as this user may give them.
 *
 * @param mode the mode of a new file
 */
export function replaceFile(
  action: string,
  file: string,
  { content, mode }: { content: string; mode: number },
): void {
  const path = behindLinks(action, file);
  const next = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    fs.writeFileSync(next, content, { mode, flag: "wx" });
    const replaced = fs.statSync(path, { throwIfNoEntry: false });
    if (replaced !== undefined) keepMostAccess(next, replaced);
    fs.renameSync(next, path);
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw fileError(action, path, error);
  }
}

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

/** Reads a file and its owner through one descriptor, so that both are of the same file. */
function readReplaced(
  action: string,
  path: string,
): { content: string; stats: Stats } | undefined {
  if (isSpecial(path)) throw invalid(action, shown(path), SPECIAL, { hint: "Choose a file." });
  let file: number;
  try {
    file = fs.openSync(path, READ);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const stats = fs.fstatSync(file);
    if (stats.nlink > 1 && stats.isFile()) {
      const state = `it has ${stats.nlink} hard links, and only this one would change`;
      const hint = `Remove the others, or replace them by symbolic links to ${basename(path)}.`;
      throw invalid(action, shown(path), state, { hint });
    }
    return { content: fs.readFileSync(file, "utf8"), stats };
  } finally {
    fs.closeSync(file);
  }
}

function openNext(action: string, file: string, next: string): number {
  try {
    return fs.openSync(next, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw fileError(action, file, error);
    throw conflict(action, shown(file), "another process is changing it", {
      hint: `Try again. If no other process uses the file, remove ${next}.`,
      cause: error,
    });
  }
}
