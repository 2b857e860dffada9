// Moving a file on a disk. A move first takes the file from its path to
// `.holdfast-moving/<id>/<name>` in the same folder, beside `.holdfast-target`, which says where it
// goes. So only one of two movers gets it, and the path is free for a later save. The file then
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

/** A mover that takes longer is considered dead. If it lives, it finds that its file is gone, and nothing is lost. */
const STALE_MS = 10_000;
/** The file that says where a file goes, from its folder. */
const TARGET = `${OWN_PREFIX}target`;

export interface TakenFile {
  readonly from: string;
  readonly path: string;
}

export interface TakeOptions extends Pick<System, "id"> {
  /** Where it goes, an absolute path. */
  target: string;
  /** Whether a power cut must not make a recovery forget where it goes. */
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
  { from, target, durable = false, id }: Omit<TakeOptions, "target"> & {
    from: string;
    target: string;
  },
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
      if (errorCode(error) !== "ENOENT" || left === 0) throw error; // else another mover has ended, and removed it
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

/** Whether this is a folder, and no link to one: a link could lead out of the store. */
function isFolder(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Ends a move whose file has its new path. False if another process considered the mover dead. */
export function dropTaken({ path }: TakenFile): boolean {
  const isThere = unlinkIfThere(path);
  removeFolders(dirname(path));
  return isThere;
}

/**
 * Puts a file back. False if another process took it, or if its path is taken: by a save in its place or by a file that
 * was moved there, which look the same. So the file stays until the path is free.
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
    if (fs.lstatSync(from, { throwIfNoEntry: false }) === undefined) fs.renameSync(path, from); // no hard links here
  }
}

/** Whether files of this folder are being moved, or were by a mover that died. */
export function hasMoves(folder: string): boolean {
  const moving = `${folder}/${MOVING_FOLDER}`;
  return fs.existsSync(moving) && isFolder(moving);
}

/**
 * Puts back the files that dead movers took from a folder, and removes those that have their new path. A file whose
 * path is taken stays until the path is free. Returns whether anything was put back.
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
  try {
    return fs.readFileSync(`${own}/${TARGET}`, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return ""; // another process was faster
    throw error;
  }
}

/**
 * Puts a file back, or removes it if its new path has it. Nothing else is proof of that: a backup or a tool that saves
 * space may have given the file further names.
 */
function recover(
  path: string,
  { from, target, id }: { from: string; target: string; id: System["id"] },
): boolean {
  const isMoved = (path: string) => target !== "" && isSameFile(path, `${dirname(from)}/${target}`);
  if (!isMoved(path) && fs.lstatSync(from, { throwIfNoEntry: false }) !== undefined) return false;
  const taken = take(path, { from, target, id }); // from now on its mover, if it lives, cannot give it a path
  if (taken === undefined) return false;
  const isBack = !isMoved(taken.path) && linkBack(taken);
  if (isBack || isMoved(taken.path)) dropTaken(taken);
  return isBack;
}

function isSameFile(path: string, other: string): boolean {
  try {
    const [one, two] = [path, other].map((path) => fs.lstatSync(path, { bigint: true }));
    return one.isFile() && one.ino === two.ino && one.dev === two.dev;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error)!)) return false;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return []; // another process was faster
    throw error;
  }
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
    if (errorCode(error) === undefined) throw error; // else something is in it, or another process was faster
  }
}

/** Removes a file or a link; false if there is none. */
export function unlinkIfThere(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function notOwn(path: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "move a file",
    state: `${shown(path)} is no folder`,
    hint: "Remove it: its name is reserved for folders of Holdfast.",
  });
}
