/**
 * The one step that gives a stage file its key: atomic, and where asked, only if the key is free.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { RegistryError } from "../../core/errors.ts";
import { errorCode } from "./errors.ts";
import { saysNoLinks } from "./lock.ts";
import type { LocalRoot } from "./root.ts";

const MAX_ATTEMPTS = 100;

/** What goes where. */
export interface Placement {
  /** The store. */
  root: LocalRoot;
  /** The key. */
  key: string;
  /** The file of the key. */
  path: string;
  /** The stage file, written. */
  stagePath: string;
}

/** Links the stage file to its key. False where the key is taken. */
export function placeByLink(placement: Placement): boolean {
  const { root, key, path, stagePath } = placement;
  return inFolder(placement, () => {
    try {
      fs.linkSync(stagePath, path);
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        isTaken(placement); // a folder there is no object
        return false;
      }
      if (!saysNoLinks(error)) throw error;
      throw new RegistryError({
        code: "Unsupported",
        message: `Cannot put "${key}": the file system makes no hard links`,
        hint: 'Use locking: "file" for this folder.',
        key,
        backend: root.location,
        cause: error,
      });
    }
  });
}

/** Renames the stage file to its key, whatever was there. */
export function placeByRename(placement: Placement): true {
  return inFolder(placement, () => {
    fs.renameSync(placement.stagePath, placement.path);
    return true;
  });
}

/** True where the key has an object. Throws `Invalid` where it is a folder. */
export function isTaken({ root, key, path }: Omit<Placement, "stagePath">): boolean {
  try {
    const stats = fs.existsSync(path) ? fs.statSync(path, { throwIfNoEntry: false }) : undefined;
    if (stats?.isDirectory()) throw root.failure({ code: "EISDIR" }, { action: "put", key });
    return stats !== undefined;
  } catch (error) {
    throw root.failure(error, { action: "put", key });
  }
}

/** Makes the folder of the key and does the rest in it, again where another process removed the folder in between. */
function inFolder<T>({ root, key, path, stagePath }: Placement, action: () => T): T {
  const folder = dirname(path);
  for (let attempt = 1;; attempt++) {
    try {
      makeFolder(folder, root.modes.folder);
      return action();
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || attempt === MAX_ATTEMPTS) throw error;
      if (!fs.existsSync(stagePath)) throw fenced(root, key, error);
    }
  }
}

/** Makes a folder and what is missing above it; several times faster than `recursive` where little is missing. */
function makeFolder(path: string, mode: number): void {
  if (fs.existsSync(path)) return;
  makeFolder(dirname(path), mode);
  try {
    fs.mkdirSync(path, mode);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // another process was faster; a file there shows in what follows
  }
}

/** A janitor took the writer for dead. Whether the write came through is not for the writer to guess. */
function fenced(root: LocalRoot, key: string, cause: unknown): RegistryError {
  return new RegistryError({
    code: "Unknown",
    message: `Cannot put "${key}": its stage file was removed before it got its key`,
    hint: "The write took so long that a janitor gave it up. Read the key before you write again.",
    key,
    backend: root.location,
    cause,
  });
}
