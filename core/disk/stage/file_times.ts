/**
 * The times of files that a version has kept.
 *
 * @module
 */
import { lutimesSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactFile } from "../../artifact.ts";
import type { FileInfo } from "../../record/record.ts";
import { lookAt } from "../target.ts";

/** Gives files the times that were kept of them. */
export function restoreTimes(files: readonly ArtifactFile[], folder: string): void {
  for (const { info } of files) restoreTime(info, join(folder, info.path));
}

/** Gives a file its time, where one was kept. What is a link by now gets it itself, not what it leads to. */
export function restoreTime({ mode, modifiedAt }: FileInfo, path: string): void {
  if (modifiedAt === undefined || mode === "link" || mode === "folder") return;
  lutimesSync(path, new Date(modifiedAt), new Date(modifiedAt));
}

/** Whether a file that is there has another time than the one that was kept of it, to the nearest millisecond. */
export function hasOtherTime({ mode, modifiedAt }: FileInfo, path: string): boolean {
  if (modifiedAt === undefined || mode === "link" || mode === "folder") return false;
  const stats = lookAt(path);
  return stats !== undefined && Math.round(stats.mtimeMs) !== Date.parse(modifiedAt);
}
