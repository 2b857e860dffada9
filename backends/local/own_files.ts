// Protection against foreign files: no symbolic link below the root is followed, and no pipe
// blocks. A folder may come from anybody; its links must not expose other files of the user.
import fs from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { corrupt, denied, type RegistryError } from "../../core/errors.ts";
import { type FileLook, ifThere, look } from "../../disk/disk_calls.ts";
import { LINK_HINT } from "./errors.ts";

/** Checks of paths below the root for symbolic links, which throw. */
export interface Ways {
  /** Checks the whole path now. Throws if it does not exist. */
  check(path: string): void;
  /** Returns true if a folder exists; always for the root. */
  find(folder: string): boolean;
}

/**
 * Creates the {@linkcode Ways} of a root. The root itself and its parents may be links.
 *
 * @param backend the `location` of the backend
 */
export function createWays(root: string, backend: string): Ways {
  let realRoot: string | undefined;

  function check(path: string): void {
    if (path.length <= root.length) return;
    const real = fs.realpathSync.native(path); // one system call for any depth
    const below = path.slice(root.length);
    if (realRoot !== undefined && real === realRoot + below) return;
    realRoot = fs.realpathSync.native(root);
    if (real === realRoot + below) return;
    // A link, or another spelling on a case-insensitive disk: check each step.
    for (let step = path; step.length > root.length; step = dirname(step)) {
      if (look(step).isSymlink) {
        throw linkError({ key: step.slice(root.length + 1), backend }, step);
      }
    }
  }

  return { check, find: (folder) => ifThere(() => (check(folder), true)) ?? false };
}

/** Returns true for a regular file, false for a folder. Throws for everything else. */
export function isOrdinary(state: FileLook, where: StorePlace): boolean {
  if (state.isFile) return true;
  if (state.isDirectory) return false;
  if (state.isSymlink) throw linkError(where);
  throw notOrdinary(where);
}

export interface StorePlace {
  key: string;
  backend: string;
}

/** @param path the link, if it is not the file of the key */
export function linkError({ key, backend }: StorePlace, path?: string): RegistryError {
  return denied("use", `"${key}"`, `${path ?? "its file"} is a symbolic link inside the store`, {
    place: path === undefined ? `in ${fileURLToPath(backend)}` : undefined,
    hint: LINK_HINT,
    key,
    backend,
  });
}

export function notOrdinary({ key, backend }: StorePlace): RegistryError {
  return corrupt("use", `"${key}"`, "its file is a pipe, a socket or a device", {
    place: `in ${fileURLToPath(backend)}`,
    hint:
      "Remove it: another program created it. Then repair the registry from a mirror with `verify`.",
    key,
    backend,
  });
}
