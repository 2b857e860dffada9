/**
 * Keeping to the own folder and to ordinary files: no symbolic link below the root is followed, and nothing waits for a
 * pipe. A folder may come from anybody: its links must not lead whoever works on it to what is theirs elsewhere.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { RegistryError } from "../../core/errors.ts";
import { look } from "../../core/disk/disk_calls.ts";
import type { FileLook } from "../../core/disk/disk_calls.ts";

/** Throws where a link is on the way from the root to this path. */
export type WayCheck = (path: string) => void;

/**
 * Creates the {@linkcode WayCheck} of a root; the root itself, and what is above it, may be links.
 *
 * @param backend the `location` of the backend
 */
export function createWayCheck(root: string, backend: string): WayCheck {
  let realRoot: string | undefined;
  return (path) => {
    if (path.length <= root.length) return;
    const real = fs.realpathSync.native(path); // one call of the system, however many folders there are
    const below = path.slice(root.length);
    if (realRoot !== undefined && real === realRoot + below) return;
    realRoot = fs.realpathSync.native(root);
    if (real === realRoot + below) return;
    // A link, or another spelling of the same name where the disk folds letters: the steps tell.
    for (let step = path; step.length > root.length; step = dirname(step)) {
      if (look(step).isSymlink) throw linkError({ key: step.slice(root.length + 1), backend }, step);
    }
  };
}

/** True for an ordinary file, false for a folder. Throws for everything else, which no store has made. */
export function isOrdinary(found: FileLook, where: StorePlace): boolean {
  if (found.isFile) return true;
  if (found.isDirectory) return false;
  if (found.isSymlink) throw linkError(where);
  throw notOrdinary(where);
}

/** An object of a store. */
export interface StorePlace {
  /** Its key. */
  key: string;
  /** The `location` of the backend. */
  backend: string;
}

/**
 * The error of a link.
 *
 * @param path where it lies, where it is not the file of the key
 */
export function linkError({ key, backend }: StorePlace, path?: string): RegistryError {
  const [what, where] = path === undefined ? ["its file", ` (in ${fileURLToPath(backend)})`] : [path, ""];
  return new RegistryError({
    code: "Denied",
    message: `Cannot use "${key}": ${what} is a symbolic link, and none below the root is followed${where}`,
    hint: "Put what it leads to in its place (a bind mount will do), or remove the link.",
    key,
    backend,
  });
}

/** The error of a pipe, a socket or a device. */
export function notOrdinary({ key, backend }: StorePlace): RegistryError {
  return new RegistryError({
    code: "Corrupt",
    message: `Cannot use "${key}": its file is a pipe, a socket or a device (in ${fileURLToPath(backend)})`,
    hint: "Something else than this program put it there: remove it, and restore the object from a copy.",
    key,
    backend,
  });
}
