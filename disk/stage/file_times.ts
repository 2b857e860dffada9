// The times of files, links and folders that a version has kept.
import { lutimesSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactFile } from "../../core/artifact.ts";
import type { FileInfo } from "../../core/record.ts";
import { lookAt } from "../target.ts";

/** Gives files and links the times that were kept of them. Folders get theirs when nothing is put into them any more. */
export function restoreTimes(files: readonly ArtifactFile[], folder: string): void {
  for (const { info } of files) {
    if (info.mode !== "folder") restoreTime(info, join(folder, info.path));
  }
}

/** Gives something its time, where one was kept. What is a link gets it itself, not what it leads to. */
export function restoreTime({ modifiedAt }: FileInfo, path: string): void {
  if (modifiedAt === undefined) return;
  lutimesSync(path, new Date(modifiedAt), new Date(modifiedAt));
}

/** Whether what is there has another time than the one that was kept of it, to the nearest millisecond. */
export function hasOtherTime({ modifiedAt }: FileInfo, path: string): boolean {
  if (modifiedAt === undefined) return false;
  const stats = lookAt(path);
  return stats !== undefined && Math.round(stats.mtimeMs) !== Date.parse(modifiedAt);
}
