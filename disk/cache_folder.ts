// Where on this machine loaded files are cached.
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { folderProblem } from "./private_folder.ts";
import { isGranted, type System } from "../core/system.ts";

/** A folder that may be used, or why there is none; `unsafe` where it is there and not this user's alone. */
export type CacheFolder = { path: string } | { problem: string; unsafe?: true };

/**
 * The folder that is asked for, else `$HOLDFAST_CACHE`, else `holdfast` in `$XDG_CACHE_HOME` (XDG Base Directory
 * Specification 0.8) or in `~/.cache`. Nothing is made that stays, and nobody is asked for a permission.
 */
export function cacheFolder(asked: string | URL | undefined, system: System): CacheFolder {
  const path = asked === undefined ? placeInEnvironment(system) : pathOf(asked);
  if (path === undefined) {
    return {
      problem:
        "HOME is not set, or may not be read, and neither are HOLDFAST_CACHE and XDG_CACHE_HOME",
    };
  }
  if (asked === undefined && !isAbsolute(path)) {
    return { problem: `${shown(path)} is not an absolute path` };
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
  const caches = env("XDG_CACHE_HOME");
  if (caches && isAbsolute(caches)) return join(caches, "holdfast"); // the specification: ignore relative paths
  const home = env("HOME") || env("USERPROFILE");
  return home ? join(home, ".cache", "holdfast") : undefined;
}

function pathOf(asked: string | URL): string {
  if (typeof asked !== "string" && !(asked instanceof URL)) {
    throw fault({
      code: "Invalid",
      action: "use a cache",
      state: `its path is a ${typeof asked}`,
      hint: "Name its folder by a path or a file: URL, or leave it out.",
    });
  }
  return asked instanceof URL || asked.startsWith("file:") ? fileURLToPath(asked) : asked;
}
