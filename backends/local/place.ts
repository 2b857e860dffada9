// The one step that gives a stage file its key: atomic, and where asked, only if the key is free.
import fs from "node:fs";
import { dirname } from "node:path";
import { fault, type RegistryError } from "../../core/errors.ts";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { saysNoLinks } from "./lock.ts";
import { isOrdinary, linkError } from "./own_files.ts";
import type { LocalRoot } from "./root.ts";

const MAX_ATTEMPTS = 100;

/** What goes where. */
export interface Placement {
  root: LocalRoot;
  key: string;
  path: string;
  stagePath: string;
}

/** Links the stage file to its key. False where the key is taken. */
export function placeByLink(placement: Placement): boolean {
  const { root, key } = placement;
  return inFolder(placement, () => {
    try {
      return link(placement);
    } catch (error) {
      if (!saysNoLinks(error)) throw error;
      throw fault({
        code: "Unsupported",
        action: "put",
        subject: `"${key}"`,
        state: "the file system makes no hard links",
        hint: 'Use locking: "file" for this folder.',
        key,
        backend: root.location,
        cause: error,
      });
    }
  });
}

/**
 * The same for who holds the lock. A link first, where the file system makes one: it also excludes those who link
 * without the lock, such as another process that creates the same registry at the same time in the other way.
 */
export function placeUnderLock(placement: Placement): boolean {
  return inFolder(placement, () => {
    try {
      return link(placement);
    } catch (error) {
      if (!saysNoLinks(error)) throw error;
    }
    if (isObject(placement)) return false;
    fs.renameSync(placement.stagePath, placement.path);
    return true;
  });
}

/** Renames the stage file to its key, whatever object was there. */
export function placeByRename(placement: Placement): true {
  return inFolder(placement, () => {
    // An object or nothing: what is neither is not replaced, nor what is behind a link.
    if (isObject(placement)) placement.root.ways.check(dirname(placement.path));
    fs.renameSync(placement.stagePath, placement.path);
    return true;
  });
}

/** Whether the key has an object. Throws for a folder, for what is no ordinary file, and behind a link. */
export function isTaken(placement: Omit<Placement, "stagePath">): boolean {
  const { root, key, path } = placement;
  try {
    if (!fs.existsSync(path)) return false;
    root.ways.check(dirname(path));
    return isObject(placement);
  } catch (error) {
    if (root.isMissing(error)) return false; // removed meanwhile
    throw root.failure(error, { action: "put", key });
  }
}

function link(placement: Placement): boolean {
  try {
    fs.linkSync(placement.stagePath, placement.path);
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    isObject(placement); // whatever else is there took no key
    return false;
  }
}

/** Whether the key has an object, in a folder that was checked. */
function isObject({ root, key, path }: Omit<Placement, "stagePath">): boolean {
  const found = lookIfThere(path);
  if (found === undefined) return false;
  if (isOrdinary(found, { key, backend: root.location })) return true;
  throw root.failure({ code: "EISDIR" }, { action: "put", key });
}

/** Makes the folder of the key and does the rest in it, again where another process removed the folder in between. */
function inFolder<T>({ root, key, path, stagePath }: Placement, action: () => T): T {
  const folder = dirname(path);
  for (let attempt = 1;; attempt++) {
    try {
      makeFolder(root, folder);
      return action();
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || attempt === MAX_ATTEMPTS) throw error;
      root.ways.forget();
      if (!fs.existsSync(stagePath)) throw fenced(root, key, error);
    }
  }
}

/** Makes a folder and what is missing above it; several times faster than `recursive` where little is missing. */
function makeFolder(root: LocalRoot, path: string): void {
  if (fs.existsSync(path) && root.ways.find(path)) return; // what else is on the way shows step by step
  makeFolder(root, dirname(path));
  try {
    fs.mkdirSync(path, root.modes.folder);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // another process was faster; a file there shows in what follows
    if (lookIfThere(path)?.isSymlink) {
      throw linkError({ key: path.slice(root.path.length + 1), backend: root.location }, path);
    }
  }
}

/** A janitor took the writer for dead. Whether the write came through is not for the writer to guess. */
function fenced(root: LocalRoot, key: string, cause: unknown): RegistryError {
  return fault({
    code: "Unknown",
    action: "put",
    subject: `"${key}"`,
    state: "its stage file was removed before it got its key",
    hint: "The write took so long that a janitor gave it up. Read the key before you write again.",
    key,
    backend: root.location,
    cause,
  });
}
