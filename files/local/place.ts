// Where the paths of a file store lie on a disk, and what is there. No symbolic link below the root
// is followed.
import fs from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { look, lookIfThere } from "../../core/disk/disk_calls.ts";
import type { FileLook } from "../../core/disk/disk_calls.ts";
import { errorCode, fileError } from "../../core/disk/file_errors.ts";
import { inTheWay, refused } from "../../core/files/path_errors.ts";
import type { PathPlace } from "../../core/files/path_errors.ts";
import { folderOf, joinPath, targetOf } from "../../core/files/paths.ts";
import type { FileEntry } from "../../core/file_store.ts";

export interface DiskPlace {
  /** The same as a `file:` URL. */
  readonly location: string;
  /** The absolute path of one in the store. */
  pathOf(path: string): string;
  /** What is at a path, or undefined where nothing is, or something above it is no folder. */
  look(path: string, action: string): FileEntry | undefined;
  /** The state of the file at a path, to be read; undefined where there is none, or something else. */
  findFile(path: string): FileLook | undefined;
  /** The same as `look`, in a folder that was just found to be one. */
  lookInFolder(path: string, action: string): FileEntry | undefined;
  /** Makes a folder and those above it. `Conflict` where something else is in the way. */
  makeFolder(path: string, why: PathPlace): void;
  /** True for a folder of the store that is there, and that no link leads to. */
  isFolder(path: string): boolean;
  /** Returns the path that a link with this text leads to; undefined if that is outside the store. */
  targetOf(path: string, text: string): string | undefined;
  failure(error: unknown, why: PathPlace): unknown;
}

/** Errors of a path that leads nowhere. */
const NOWHERE = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** How often another program may remove what was just made. */
export const MOST_RACES = 20;

export function createDiskPlace(folder: string): DiskPlace {
  const root = resolve(folder);
  const location = pathToFileURL(root).href;
  const pathOf = (path: string) => path === "" ? root : `${root}/${path}`;

  function lookOrNowhere(path: string): FileLook | undefined {
    try {
      return lookIfThere(pathOf(path));
    } catch (error) {
      if (NOWHERE.has(errorCode(error)!)) return undefined;
      throw error;
    }
  }

  let realRoot: string | undefined;

  /** The root itself may be a link, and what is above it. */
  function isFolder(path: string): boolean {
    try {
      const real = realFolder(pathOf(path));
      if (real === undefined) return false;
      const isOwn = () =>
        path === "" || realRoot !== undefined && real === joinReal(realRoot, path);
      if (!isOwn()) realRoot = fs.realpathSync.native(root);
      return isOwn();
    } catch (error) {
      if (NOWHERE.has(errorCode(error)!)) return false;
      throw error;
    }
  }

  function entryOf(path: string, found: FileLook, why: PathPlace): FileEntry {
    const { isFile, isDirectory, isSymlink, size, modifiedAt } = found;
    if (isDirectory || path === "") return { path, kind: "folder", size: 0 };
    if (isFile) return { path, kind: "file", size, modifiedAt: Math.floor(modifiedAt) };
    if (!isSymlink) throw refused(why, "it is a pipe, a socket or a device");
    const within = linkTarget(path, fs.readlinkSync(pathOf(path)));
    return { path, kind: "link", size: 0, ...(within === undefined ? {} : { target: within }) };
  }

  function linkTarget(path: string, text: string): string | undefined {
    return isAbsolute(text) ? relativeToRoot(text) : targetOf(path, text.replaceAll(sep, "/"));
  }

  function relativeToRoot(text: string): string | undefined {
    const below = relative(root, text);
    return isAbsolute(below) ? undefined : targetOf("", below.replaceAll(sep, "/"));
  }

  const failure = (error: unknown, { action, path }: PathPlace) =>
    fileError(action, pathOf(path), error);

  function guarded<T>(why: PathPlace, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw failure(error, why);
    }
  }

  function makeFolder(path: string, why: PathPlace): void {
    guarded(why, () => {
      for (let left = MOST_RACES; !isFolder(path); left--) {
        if (path === "") return void fs.mkdirSync(root, { recursive: true });
        makeFolder(folderOf(path), why);
        try {
          fs.mkdirSync(pathOf(path));
        } catch (error) {
          if (errorCode(error) !== "EEXIST" && errorCode(error) !== "ENOENT") throw error;
          const found = lookOrNowhere(path);
          const isPassing = found === undefined || found.isDirectory && left > 0;
          if (!isPassing && !isFolder(path)) {
            throw inTheWay(why, path, entryOf(path, found, why).kind);
          }
          if (left === 0) throw error; // else another program made it, or removed it, or what is above it
        }
      }
    });
  }

  function lookAt(path: string, why: PathPlace, isInFolder: () => boolean): FileEntry | undefined {
    return guarded(why, () => {
      const found = lookOrNowhere(path);
      if (found === undefined) return path === "" ? { path, kind: "folder", size: 0 } : undefined;
      if (path.includes("/") && !isInFolder()) return undefined;
      return entryOf(path, found, why);
    });
  }

  return {
    location,
    pathOf,
    isFolder,
    makeFolder,
    targetOf: linkTarget,
    failure,
    look: (path, action) =>
      lookAt(path, { action, path, location }, () => isFolder(folderOf(path))),
    findFile(path) {
      const found = lookOrNowhere(path);
      return found?.isFile && isFolder(folderOf(path)) ? found : undefined;
    },
    lookInFolder: (path, action) => lookAt(path, { action, path, location }, () => true),
  };
}

/** Where a folder really is. Throws, or is undefined, where there is none. */
function realFolder(path: string): string | undefined {
  if (sep === "/") return fs.realpathSync.native(`${path}/.`); // a look at what it is costs as much again
  const real = fs.realpathSync.native(path);
  return look(real).isDirectory ? real : undefined;
}

function joinReal(root: string, path: string): string {
  return joinPath(root.replace(/\/$/, ""), sep === "/" ? path : path.replaceAll("/", sep));
}
