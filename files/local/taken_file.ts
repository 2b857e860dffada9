/**
 * Moving a file on a disk. It first leaves its path for `.holdfast-moving/<links>-<id>/<name>` in its own folder, where
 * `<links>` counts its hard links, without those of a create that is not over. Of two movers one takes it, and a save that comes later has the path to itself. The
 * file then gets its new path, where that is free. If the mover dies in between, the next use of the folder puts the file
 * back.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../core/disk/file_errors.ts";
import { MOVING_FOLDER } from "../../core/files/paths.ts";
import type { System } from "../../core/system.ts";
import { MOST_RACES } from "./place.ts";
import { countStages } from "./write_file.ts";

/** A move is a few system calls. A mover that was slower finds that its file is gone, and nothing is lost. */
const STALE_MS = 10_000;

/** A file or link that has left its path. */
export interface TakenFile {
  /** Where it was. */
  readonly from: string;
  /** Where it is. */
  readonly path: string;
}

/** Takes what is at a path away from it. Undefined where nothing is there. */
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
    if (!fs.existsSync(moving)) makeIfMissing(moving);
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
  }
}

/** Ends a move whose file has its new path. False where another process took the mover for dead before. */
export function dropTaken({ path }: TakenFile): boolean {
  const isThere = unlinkIfThere(path);
  removeFolders(dirname(path));
  return isThere;
}

/**
 * Puts a file back. False where another process took it before, and where its path is taken: nobody knows whether that
 * was a save in its place or something else that was moved there, so it stays until the path is free.
 */
export function putBack(taken: TakenFile): boolean {
  if (!fs.lstatSync(taken.path, { throwIfNoEntry: false })) return false;
  return linkBack(taken) && dropTaken(taken);
}

/** Gives it its old path. False where that is no longer free. */
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

/** Whether a file of this folder is being moved, or its mover died. */
export function hasMoves(folder: string): boolean {
  return fs.existsSync(`${folder}/${MOVING_FOLDER}`);
}

/**
 * Puts back what movers that died have taken from a folder, and removes what they had moved. A file whose path is taken
 * stays until the path is free. Returns whether anything was put back.
 */
export function recoverMoves(folder: string, system: Pick<System, "id" | "now">): boolean {
  const moving = `${folder}/${MOVING_FOLDER}`;
  let isBack = false;
  for (const id of namesIn(moving)) {
    const own = `${moving}/${id}`;
    const found = fs.lstatSync(own, { throwIfNoEntry: false });
    if (found === undefined || Math.abs(system.now() - found.mtimeMs) < STALE_MS) continue;
    for (const name of namesIn(own)) {
      const links = Number.parseInt(id);
      isBack = recover(`${own}/${name}`, { from: `${folder}/${name}`, links, id: system.id }) || isBack;
    }
    removeIfEmpty(own);
  }
  removeIfEmpty(moving);
  return isBack;
}

/** Another name of the file is the one that its mover gave it. What a path says of it says nothing of other paths. */
function recover(path: string, { from, links, id }: { from: string; links: number; id: System["id"] }): boolean {
  const isMoved = (path: string) => {
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.nlink <= links) return false;
    const stages = countStages(dirname(from), found.ino); // before the links: so it is never too small
    return (fs.lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 0) - stages > links;
  };
  if (!isMoved(path) && fs.lstatSync(from, { throwIfNoEntry: false }) !== undefined) return false;
  const taken = take(path, { from, links, id }); // from now on its mover, if it lives, cannot give it a path
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

/** Removes the folder of one move, and that of all moves behind the last one. */
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

/** Removes a file or a link; false where there is none. */
export function unlinkIfThere(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
