// The cache folder of this machine. Only its owner may write to it: others could plant files in it.
import fs, { type Stats } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { userFolder } from "../core/naming/user_folder.ts";
import { isGranted, type System } from "../core/system.ts";
import { checkLocalPath } from "../core/urls/local_path.ts";

/**
 * Returns the requested folder, else `$HOLDFAST_CACHE`, else `holdfast` in `$XDG_CACHE_HOME` (XDG
 * Base Directory Specification 0.8) or in `~/.cache`. The first two may be relative to the current
 * folder. Creates nothing that stays, and never prompts for a permission. Or returns the reason
 * against it, with `unsafe` if the folder exists and others can write to it.
 */
export function cacheFolder(
  asked: string | URL | undefined,
  system: System,
): { path: string } | { problem: string; unsafe?: true } {
  const path = asked === undefined ? placeInEnvironment(system) : pathOf(asked);
  if (path === undefined) {
    return { problem: "none of HOLDFAST_CACHE, XDG_CACHE_HOME and HOME is set and readable" };
  }
  if (asked === undefined && /^(~|\$[\w{]|[a-z][a-z0-9+.-]+:)/i.test(path)) {
    return { problem: `${shown(path)} is not the path of a folder` };
  }
  const denied = (["read", "write"] as const).find((name) => !isGranted({ name, path }));
  if (denied !== undefined) return { problem: `this program may not ${denied} ${shown(path)}` };
  const folder = resolve(path);
  const problem = folderProblem(folder, system);
  return problem === undefined ? { path: folder } : { problem, unsafe: true };
}

function placeInEnvironment({ env }: System): string | undefined {
  const own = env("HOLDFAST_CACHE");
  if (own) return own;
  return userFolder(env, ["XDG_CACHE_HOME", ".cache"]);
}

function pathOf(asked: string | URL): string {
  if (asked instanceof URL) return fileURLToPath(asked);
  if (typeof asked === "string") {
    if (asked.startsWith("file:")) return fileURLToPath(asked);
    checkLocalPath(asked, "use a cache in");
    return asked;
  }
  const state = `its path is a ${typeof asked}`;
  const hint = "Pass the path or file: URL of a folder, or omit it.";
  throw fault({ code: "Invalid", action: "use a cache", state, hint });
}

/** The permissions of group and others to write. */
const WRITTEN_BY_OTHERS = 0o022;

/** Returns why a folder is not private; undefined if it is, or does not exist yet. */
function folderProblem(path: string, system: System): string | undefined {
  if (process.platform === "win32") return undefined; // modes have no meaning there
  let stats: Stats | undefined;
  try {
    stats = fs.lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return `${shown(path)} cannot be inspected`;
  }
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return `${shown(path)} is a link`;
  if (!stats.isDirectory()) return `${shown(path)} is not a folder`;
  if ((stats.mode & WRITTEN_BY_OTHERS) !== 0) return `other users can write to ${shown(path)}`;
  const owner = ownUser(path, system);
  if (owner === undefined) return `this program may not write to ${shown(path)}`;
  return stats.uid === owner ? undefined : `${shown(path)} belongs to another user`;
}

/** Returns the owner of new files. Deno requires a permission to return the current user. */
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
