/**
 * Moving a file on a disk. A move first takes the file from its path to `.holdfast-moving/<links>-<id>/<name>` in the
 * same folder, where `<links>` counts its hard links, without those of an unfinished create. So only one of two movers
 * gets it, and the path is free for a later save. The file then gets its new path, if that is free. If the mover dies
 * in between, the next use of the folder puts the file back.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../core/disk/file_errors.ts";
import { RegistryError } from "../../core/errors.ts";
import { MOVING_FOLDER } from "../../core/files/paths.ts";
import { shown } from "../../core/naming/names.ts";
import type { System } from "../../core/system.ts";
import { MOST_RACES } from "./place.ts";
import { countStages } from "./write_file.ts";

/** A mover that takes longer is considered dead. If it lives, it finds that its file is gone, and nothing is lost. */
const STALE_MS = 10_000;

/** A file or link that has left its path. */
export interface TakenFile {
  /** Where it was. */
  readonly from: string;
  /** Where it is. */
  readonly path: string;
}

/** Takes a file or link from its path. Returns undefined if nothing is there. */
export function takeFile(path: string, { id }: Pick<System, "id">): TakenFile | undefined {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const { nlink, ino } = found; // counted first: a create that ends now makes it too large, which loses nothing
  const links = nlink > 1 && found.isFile() ? nlink - countStages(dirname(path), ino) : nlink;
  return take(path, { from: path, links, id });
}

function take(
  path: string,
  { from, links, id }: { from: string; links: number; id: System["id"] },
): TakenFile | undefined {
  const moving = `${dirname(from)}/${MOVING_FOLDER}`;
  const own = `${moving}/${links}-${id()}`;
  makeFolder(own, moving);
  const taken = `${own}/${from.slice(from.lastIndexOf("/") + 1)}`;
  try {
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
    if (fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) throw notOwn(folder);
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
    if (found?.isDirectory() !== true || Math.abs(system.now() - found.mtimeMs) < STALE_MS) continue;
    for (const name of namesIn(own)) {
      const links = Number.parseInt(id);
      isBack = recover(`${own}/${name}`, { from: `${folder}/${name}`, links, id: system.id }) || isBack;
    }
    removeIfEmpty(own);
  }
  removeIfEmpty(moving);
  return isBack;
}

/** Recovers one file. If it has a further hard link, that is its new path. */
function recover(path: string, { from, links, id }: { from: string; links: number; id: System["id"] }): boolean {
  const isMoved = (path: string) => {
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.nlink <= links) return false;
    const stages = countStages(dirname(from), found.ino); // before the links: so it is never too small
    return (fs.lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 0) - stages > links;
  };
  if (!isMoved(path) && fs.lstatSync(from, { throwIfNoEntry: false }) !== undefined) return false;
  const taken = take(path, { from, links, id }); // from now on its mover, if it is alive, cannot move it
  if (taken === undefined) return false;
  const isBack = !isMoved(taken.path) && linkBack(taken);
  if (isBack || isMoved(taken.path)) dropTaken(taken);
  return isBack;
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
  return new RegistryError({
    code: "Unsupported",
    message: `Cannot move a file: ${shown(path)} is no folder`,
    hint: "Remove it: its name is reserved for folders of Holdfast.",
  });
}
