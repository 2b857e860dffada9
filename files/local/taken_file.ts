// Moves a file on a disk. A move first takes the file from its path to
// `.holdfast-moving/<id>/<name>` in the same folder, beside `.holdfast-target`, which contains its
// target. So only one of two movers gets it, and the path is free for a later save. The file then
// gets its new path, if that is free. If the mover dies in between, the next use of the folder puts
// the file back, unless it already has its new path.
import fs from "node:fs";
import { dirname, relative, sep } from "node:path";
import { errorCode } from "../../disk/file_errors.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { MOVING_FOLDER, OWN_PREFIX } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import type { System } from "../../core/system.ts";
import { MOST_RACES } from "./place.ts";

/** Older movers are presumed dead. One that lives finds its file gone, and nothing is lost. */
const STALE_MS = 10_000;
/** The file that contains the target, relative to its folder. */
const TARGET = `${OWN_PREFIX}target`;

interface TakenFile {
  from: string;
  path: string;
}

interface TakeOptions extends Pick<System, "id"> {
  /** Absolute; for `take` relative to the folder. */
  target: string;
  /** Makes the target durable, for a recovery after a power cut. */
  durable?: boolean;
}

/** Takes a file or link from its path. Returns undefined if nothing is there. */
export function takeFile(path: string, { target, ...options }: TakeOptions): TakenFile | undefined {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  return take(path, {
    ...options,
    from: path,
    target: relative(dirname(path), target).replaceAll(sep, "/"),
  });
}

function take(
  path: string,
  { from, target, durable = false, id }: TakeOptions & { from: string },
): TakenFile | undefined {
  const moving = `${dirname(from)}/${MOVING_FOLDER}`;
  const own = `${moving}/${id()}`;
  makeFolder(own, moving);
  const taken = `${own}/${from.slice(from.lastIndexOf("/") + 1)}`;
  try {
    fs.writeFileSync(`${own}/${TARGET}`, target, { flag: "wx", flush: durable });
    fs.renameSync(path, taken);
  } catch (error) {
    removeFolders(own);
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  return { from, path: taken };
}

function makeFolder(own: string, moving: string): void {
  for (let left = MOST_RACES;; left--) {
    if (!isFolder(moving)) makeIfMissing(moving);
    try {
      return fs.mkdirSync(own);
    } catch (error) {
      // ENOENT: another mover has ended, and removed the folder.
      if (errorCode(error) !== "ENOENT" || left === 0) throw error;
    }
  }
}

function makeIfMissing(folder: string): void {
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw notOwn(folder);
    }
  }
}

/** True for a folder, not for a link to one, which could lead out of the store. */
function isFolder(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Ends a move whose file has its new path. False if another process presumed the mover dead. */
export function dropTaken({ path }: TakenFile): boolean {
  const isThere = unlinkIfThere(path);
  removeFolders(dirname(path));
  return isThere;
}

/**
 * Puts a file back. False if another process took it, or if its path is occupied: a later save and
 * a move to that path look the same, so the file stays until the path is free.
 */
export function putBack(taken: TakenFile): boolean {
  if (!fs.lstatSync(taken.path, { throwIfNoEntry: false })) return false;
  return linkBack(taken) && dropTaken(taken);
}

/** Moves a file back to its old path. False if that is no longer free. */
function linkBack({ from, path }: TakenFile): boolean {
  try {
    const found = fs.lstatSync(path);
    if (found.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(path), from);
    else if (found.isDirectory()) fs.renameSync(`${path}/`, from);
    else linkOrRename(path, from);
    return true;
  } catch (error) {
    if (["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(errorCode(error)!)) return false;
    throw error;
  }
}

function linkOrRename(path: string, from: string): void {
  try {
    fs.linkSync(path, from);
  } catch (error) {
    if (!["ENOTSUP", "EPERM"].includes(errorCode(error)!)) throw error;
    // No hard links here.
    if (fs.lstatSync(from, { throwIfNoEntry: false }) === undefined) fs.renameSync(path, from);
  }
}

/** True if files of this folder are being moved, or a mover died. */
export function hasMoves(folder: string): boolean {
  const moving = `${folder}/${MOVING_FOLDER}`;
  return fs.existsSync(moving) && isFolder(moving);
}

/**
 * Puts back the files that dead movers took from a folder, and removes those that have their new
 * path. A file whose path is occupied stays. Returns whether anything was put back.
 */
export function recoverMoves(folder: string, system: Pick<System, "id" | "now">): boolean {
  const moving = `${folder}/${MOVING_FOLDER}`;
  let isBack = false;
  for (const id of namesIn(moving)) {
    const own = `${moving}/${id}`;
    const found = fs.lstatSync(own, { throwIfNoEntry: false });
    if (found?.isDirectory() !== true || Math.abs(system.now() - found.mtimeMs) < STALE_MS) {
      continue;
    }
    const target = targetIn(own);
    const names = namesIn(own).filter((name) => name !== TARGET);
    for (const name of names) {
      isBack = recover(`${own}/${name}`, { from: `${folder}/${name}`, target, id: system.id }) ||
        isBack;
    }
    if (namesIn(own).every((name) => name === TARGET)) removeFolders(own);
  }
  removeIfEmpty(moving);
  return isBack;
}

/** Returns the target of a move; empty if the mover died before it wrote it. */
function targetIn(own: string): string {
  return ifThere(() => fs.readFileSync(`${own}/${TARGET}`, "utf8"), "");
}

/**
 * Puts a file back, or removes it if its target is the same file. Other hard links prove nothing:
 * backups and deduplicating tools make them.
 */
function recover(
  path: string,
  { from, target, id }: { from: string; target: string; id: System["id"] },
): boolean {
  const isMoved = (path: string) => target !== "" && isSameFile(path, `${dirname(from)}/${target}`);
  if (!isMoved(path) && fs.lstatSync(from, { throwIfNoEntry: false }) !== undefined) return false;
  const taken = take(path, { from, target, id }); // its mover can no longer place it
  if (taken === undefined) return false;
  const isBack = !isMoved(taken.path) && linkBack(taken);
  if (isBack || isMoved(taken.path)) dropTaken(taken);
  return isBack;
}

function isSameFile(path: string, other: string): boolean {
  try {
    const stat = (path: string) => fs.lstatSync(path, { bigint: true });
    const [one, two] = [stat(path), stat(other)];
    return one.isFile() && one.ino === two.ino && one.dev === two.dev;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error)!)) return false;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  return ifThere(() => fs.readdirSync(folder), []);
}

/** Removes the folder of one move, and after the last one the folder of all moves. */
function removeFolders(own: string): void {
  unlinkIfThere(`${own}/${TARGET}`);
  removeIfEmpty(own);
  removeIfEmpty(dirname(own));
}

function removeIfEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch (error) {
    if (errorCode(error) === undefined) throw error; // not empty, or already removed
  }
}

/** Removes a file or a link; false if there is none. */
export function unlinkIfThere(path: string): boolean {
  return ifThere(() => {
    fs.unlinkSync(path);
    return true;
  }, false);
}

/** Returns the result of a call, or `otherwise` if another process removed the path. */
function ifThere<T>(call: () => T, otherwise: T): T {
  try {
    return call();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return otherwise;
    throw error;
  }
}

function notOwn(path: string): RegistryError {
  const state = `${shown(path)} is not a folder`;
  const hint = "Remove it: Holdfast reserves its name.";
  return fault({ code: "Unsupported", action: "move a file", state, hint });
}
