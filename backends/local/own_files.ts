// Keeping to the own folder and to ordinary files: no symbolic link below the root is followed, and
// nothing waits for a pipe. A folder may come from anybody: its links must not lead whoever works
// on it to what is theirs elsewhere.
import fs from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { fault, type RegistryError } from "../../core/errors.ts";
import { type FileLook, look } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { System } from "../../core/system.ts";

/** Folders of a store, and whether the way to them is its own. Each throws where a link is on the way from the root. */
export interface Ways {
  /** Looks at the whole way, now. Throws also where it ends before. */
  check(path: string): void;
  /**
   * Whether a folder is there; the root is taken to be. What was found is taken to be so for a second: whoever can put
   * a link there meanwhile could also do it between a look and what follows.
   */
  find(folder: string): boolean;
  forget(): void;
}

const FOUND_FOR_MS = 1_000;
const MAX_FOUND = 10_000;

/**
 * Creates the {@linkcode Ways} of a root; the root itself, and what is above it, may be links.
 *
 * @param backend the `location` of the backend
 */
export function createWays(
  root: string,
  backend: string,
  { monotonic }: Pick<System, "monotonic">,
): Ways {
  let realRoot: string | undefined;
  const found = new Map<string, number>();

  function check(path: string): void {
    if (path.length <= root.length) return;
    const real = fs.realpathSync.native(path); // one call of the system, however many folders there are
    const below = path.slice(root.length);
    if (realRoot !== undefined && real === realRoot + below) return;
    realRoot = fs.realpathSync.native(root);
    if (real === realRoot + below) return;
    // A link, or another spelling of the same name where the disk folds letters: the steps tell.
    for (let step = path; step.length > root.length; step = dirname(step)) {
      if (look(step).isSymlink) {
        throw linkError({ key: step.slice(root.length + 1), backend }, step);
      }
    }
  }

  function knownSince(folder: string, now: number): number | undefined {
    const since = found.get(folder);
    return since !== undefined && now - since < FOUND_FOR_MS ? since : undefined;
  }

  function remember(folder: string, since: number): void {
    if (found.size >= MAX_FOUND) found.clear();
    found.set(folder, since);
  }

  return {
    check,
    find(folder) {
      if (folder.length <= root.length) return true; // whatever is asked of it next tells
      const now = monotonic();
      if (knownSince(folder, now) !== undefined) return true;
      const above = dirname(folder);
      const since = knownSince(above, now);
      try {
        if (since === undefined) {
          check(folder);
          if (above.length > root.length) remember(above, now);
        } else if (look(folder).isSymlink) check(folder);
      } catch (error) {
        if (errorCode(error) === "ENOENT") return false;
        throw error;
      }
      remember(folder, since ?? now); // nobody looked at what is above since
      return true;
    },
    forget: () => found.clear(),
  };
}

/** True for an ordinary file, false for a folder. Throws for everything else, which no store has made. */
export function isOrdinary(found: FileLook, where: StorePlace): boolean {
  if (found.isFile) return true;
  if (found.isDirectory) return false;
  if (found.isSymlink) throw linkError(where);
  throw notOrdinary(where);
}

export interface StorePlace {
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
  return fault({
    code: "Denied",
    action: "use",
    subject: `"${key}"`,
    state: `${path ?? "its file"} is a symbolic link, and none below the root is followed`,
    place: path === undefined ? `in ${fileURLToPath(backend)}` : undefined,
    hint: "Put what it leads to in its place (a bind mount will do), or remove the link.",
    key,
    backend,
  });
}

export function notOrdinary({ key, backend }: StorePlace): RegistryError {
  return fault({
    code: "Corrupt",
    action: "use",
    subject: `"${key}"`,
    state: "its file is a pipe, a socket or a device",
    place: `in ${fileURLToPath(backend)}`,
    hint:
      "Something else than this program put it there: remove it, and restore the object from a copy.",
    key,
    backend,
  });
}
