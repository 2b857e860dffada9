// Whether a folder is for its owner alone to write to: who may write there may put anything before
// whoever trusts it.
import fs from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { shown } from "../core/naming/names.ts";
import type { System } from "../core/system.ts";

/** What group and others may do to a folder that they may write to. */
const WRITTEN_BY_OTHERS = 0o022;

/** Why a folder is not one that only this user writes to; undefined where it is, or is not there yet. */
export function folderProblem(path: string, system: System): string | undefined {
  if (process.platform === "win32") return undefined; // modes say nothing there
  let stats: Stats | undefined;
  try {
    stats = fs.lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return `${shown(path)} cannot be looked at`;
  }
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return `${shown(path)} is a link`;
  if (!stats.isDirectory()) return `${shown(path)} is no folder`;
  if ((stats.mode & WRITTEN_BY_OTHERS) !== 0) return `others may write to ${shown(path)}`;
  const owner = ownUser(path, system);
  if (owner === undefined) return `this program may not write to ${shown(path)}`;
  return stats.uid === owner ? undefined : `${shown(path)} belongs to somebody else`;
}

/** Whose files are that are made there. Deno asks for a permission before it tells who runs it. */
function ownUser(folder: string, system: System): number | undefined {
  const path = join(folder, `.owner-${system.id()}`);
  let file: number;
  try {
    file = fs.openSync(path, "wx", 0o600);
  } catch {
    return undefined;
  }
  try {
    return fs.fstatSync(file).uid;
  } finally {
    fs.closeSync(file);
    fs.unlinkSync(path);
  }
}
