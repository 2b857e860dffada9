// Paths of files in a target, and their times, which are never set through a link.
import { lutimesSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { foldersOf } from "../../core/naming/file_paths.ts";
import type { FileInfo } from "../../core/record.ts";
import { onDisk } from "../file_errors.ts";
import { isFolder, lookAt, type Target } from "../target.ts";

export function placeOf({ path }: FileInfo, target: Target): string {
  return target.kind === "folder" ? join(target.path, path) : target.path;
}

/** True if the parents of a file exist. Throws for links: times are never set through one. */
export function isThere({ path }: FileInfo, target: Target): boolean {
  if (target.kind === "file") return true;
  return ["", ...foldersOf([path])].every((folder) => isFolder(join(target.path, folder)));
}

/** Sets the stored time, if any, of a path itself, not of the target of a link. */
export function restoreTime(file: FileInfo, path: string): void {
  if (file.modifiedAt === undefined) return;
  const time = restoredTime(file);
  const set = time.getTime() % 1000 < 0 ? utimesSync : lutimesSync;
  onDisk("set the time of", file.path, () => set(path, time, time));
}

/** `lutimes` of Deno 2.9 has no fractions of seconds before 1970: a link gets the second before. */
function restoredTime({ modifiedAt, mode }: FileInfo): Date {
  const time = Date.parse(modifiedAt!);
  return new Date(mode === "link" && time < 0 ? Math.floor(time / 1000) * 1000 : time);
}

/** True if a path has another time than the stored one, to the millisecond. */
export function hasOtherTime(file: FileInfo, path: string): boolean {
  if (file.modifiedAt === undefined) return false;
  const stats = lookAt(path);
  return stats !== undefined && Math.round(stats.mtimeMs) !== restoredTime(file).getTime();
}
