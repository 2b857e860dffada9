// Removes files from their paths on a disk.
import fs from "node:fs";
import { type FileLook, lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { removeStage } from "./write_file.ts";

/**
 * Removes a file that has a new path from its old one, unless another program replaced it there.
 *
 * @param stage a temporary path in its folder
 */
export function dropMoved(path: string, { identity }: FileLook, stage: string): void {
  const isMoved = (at: string) => lookIfThere(at)?.identity === identity;
  if (!isMoved(path)) return;
  try {
    fs.renameSync(path, stage);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // another program was faster
    throw error;
  }
  if (isMoved(stage)) return fs.unlinkSync(stage);
  try {
    fs.linkSync(stage, path); // it was replaced just now
  } catch (error) {
    if (errorCode(error) !== "EEXIST") return fs.renameSync(stage, path);
  }
  removeStage(stage);
}

/** Removes the new path of a file whose move failed, if the file still has its old path. */
export function undoMove(from: string, { identity, isSymlink }: FileLook, to: string): void {
  const isAt = (path: string) => lookIfThere(path)?.identity === identity;
  try {
    if (isAt(from) && (isSymlink || isAt(to))) fs.unlinkSync(to);
  } catch { // the file keeps both paths
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
