// The atomic step that gives a stage file its key, for creates only if the key is free.
import fs from "node:fs";
import { dirname } from "node:path";
import type { RegistryError } from "../../core/errors.ts";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { saysNoLinks } from "./lock.ts";
import { goneRoot, isEmpty } from "./make_root.ts";
import { isOrdinary, linkError } from "./own_files.ts";
import type { LocalRoot } from "./root.ts";

const MAX_ATTEMPTS = 100;

export interface Placement {
  root: LocalRoot;
  key: string;
  path: string;
  stagePath: string;
}

/** Links the stage file to its key. Returns false if the key is taken. */
export function placeByLink(placement: Placement): boolean {
  const { root, key } = placement;
  return inFolder(placement, () => {
    try {
      return link(placement);
    } catch (error) {
      if (!saysNoLinks(error)) throw error;
      throw root.fault("put", key, {
        code: "Unsupported",
        state: "the file system has no hard links",
        hint: 'Use locking: "file" for this folder.',
        cause: error,
      });
    }
  });
}

/**
 * Like {@linkcode placeByLink}, under the lock. Tries a link first: it also excludes writers that
 * link without the lock, as while two processes create the same registry.
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

/** Renames the stage file to its key, and replaces an existing object. */
export function placeByRename(placement: Placement): true {
  return inFolder(placement, () => {
    // Replaces only an object, and none behind a link.
    if (isObject(placement)) placement.root.ways.check(dirname(placement.path));
    fs.renameSync(placement.stagePath, placement.path);
    return true;
  });
}

/** Returns true if the key has an object. Throws for anything but a regular file. */
export function isTaken(placement: Omit<Placement, "stagePath">): boolean {
  const { root, key, path } = placement;
  try {
    if (!fs.existsSync(path)) return false;
    root.ways.check(dirname(path));
    return isObject(placement);
  } catch (error) {
    if (root.isMissing(error)) return false; // deleted meanwhile
    throw root.failure(error, { action: "put", key });
  }
}

function link(placement: Placement): boolean {
  try {
    fs.linkSync(placement.stagePath, placement.path);
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    isObject(placement); // throws for anything else
    return false;
  }
}

/** Like {@linkcode isTaken}, in a folder that was checked. */
function isObject({ root, key, path }: Omit<Placement, "stagePath">): boolean {
  const state = lookIfThere(path);
  if (state === undefined) return false;
  if (isOrdinary(state, { key, backend: root.location })) return true;
  throw root.failure({ code: "EISDIR" }, { action: "put", key });
}

/**
 * Creates the folder of the key and calls `action`; again if another process removed the folder.
 */
function inFolder<T>({ root, key, path, stagePath }: Placement, action: () => T): T {
  const folder = dirname(path);
  for (let attempt = 1;; attempt++) {
    try {
      if (!fs.existsSync(folder) || !root.ways.find(folder)) {
        if (!fs.existsSync(stagePath)) throw lost(root, key);
        makeFolder(root, folder);
      }
      return action();
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || attempt === MAX_ATTEMPTS) throw error;
      if (!fs.existsSync(stagePath)) throw lost(root, key, error);
    }
  }
}

/** Creates a folder and missing parents, faster than `recursive` if few are missing. */
function makeFolder(root: LocalRoot, path: string): void {
  if (fs.existsSync(path) && root.ways.find(path)) return;
  makeFolder(root, dirname(path));
  try {
    fs.mkdirSync(path, root.modes.folder);
    root.owner.give(path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // another process was faster
    if (lookIfThere(path)?.isSymlink) {
      throw linkError({ key: path.slice(root.path.length + 1), backend: root.location }, path);
    }
  }
}

/**
 * The stage file is missing: the root is gone, or the garbage collector treated the writer as dead,
 * and the outcome is unknown.
 */
function lost(root: LocalRoot, key: string, cause?: unknown): RegistryError {
  if (isEmpty(root)) return goneRoot(root);
  return root.fault("put", key, {
    code: "Unknown",
    state: "`gc` removed its staging file before the write finished",
    hint: "Read the key: the write may have taken effect.",
    cause,
  });
}
