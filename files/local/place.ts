// Where the paths of a file store lie on a disk, and what is there. No symbolic link below the root
// is followed.
import fs from "node:fs";
import process from "node:process";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { look, lookIfThere, readFolder } from "../../disk/disk_calls.ts";
import type { FileLook, FolderEntry } from "../../disk/disk_calls.ts";
import { errorCode, fileError } from "../../disk/file_errors.ts";
import { isRegistryError } from "../../core/errors.ts";
import { inTheWay, type PathPlace, refused, taken } from "../paths/path_errors.ts";
import {
  folderOf,
  joinPath,
  movedText,
  OWN_PREFIX,
  parsePath,
  relativeTarget,
  targetOf,
} from "../../core/naming/paths.ts";
import type { FileEntry, FileKind, NamedEntry } from "../../core/file_store.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";

/** Errors of a path that leads nowhere. */
const NOWHERE = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** How often another program may remove what was just made. */
export const MOST_RACES = 20;

export class DiskPlace {
  /** The same as a `file:` URL. */
  readonly location: string;
  readonly #root: string;
  #realRoot: string | undefined;

  constructor(folder: string) {
    this.#root = resolve(folder);
    this.location = pathToFileURL(this.#root).href;
  }

  /** The absolute path of one in the store. */
  pathOf(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }

  /** What is at a path, or undefined where nothing is, or something above it is no folder. */
  look(path: string, action: string): FileEntry | undefined {
    return this.#look(path, action, () => this.isFolder(folderOf(path)));
  }

  /** The same as `look`, in a folder that was just found to be one. */
  lookInFolder(path: string, action: string): FileEntry | undefined {
    return this.#look(path, action, () => true);
  }

  /** The same for a listing, which passes by what is no file, folder or link. */
  lookInListing(path: string): FileEntry | undefined {
    try {
      return this.lookInFolder(path, "list");
    } catch (error) {
      if (isRegistryError(error, "Unsupported")) return undefined;
      throw error;
    }
  }

  /** The state of the file at a path, to be read; undefined where there is none, or something else. */
  findFile(path: string): FileLook | undefined {
    const found = this.#lookOrNowhere(path);
    return found?.isFile && this.isFolder(folderOf(path)) ? found : undefined;
  }

  /** True for a folder of the store that is there, and that no link leads to. The root may be a link. */
  isFolder(path: string): boolean {
    try {
      const real = realFolder(this.pathOf(path));
      if (real === undefined) return false;
      const isOwn = () =>
        path === "" || this.#realRoot !== undefined && real === joinReal(this.#realRoot, path);
      if (!isOwn()) this.#realRoot = fs.realpathSync.native(this.#root);
      return isOwn();
    } catch (error) {
      if (NOWHERE.has(errorCode(error)!)) return false;
      throw error;
    }
  }

  /** Makes a folder and those above it. `Conflict` where something else is in the way. */
  makeFolder(path: string, why: PathPlace): void {
    this.#guarded(why, () => {
      for (let left = MOST_RACES; !this.isFolder(path); left--) {
        if (path === "") return void fs.mkdirSync(this.#root, { recursive: true });
        this.makeFolder(folderOf(path), why);
        try {
          fs.mkdirSync(this.pathOf(path));
        } catch (error) {
          if (errorCode(error) !== "EEXIST" && errorCode(error) !== "ENOENT") throw error;
          const found = this.#lookOrNowhere(path);
          const isPassing = found === undefined || found.isDirectory && left > 0;
          if (!isPassing && !this.isFolder(path)) {
            throw inTheWay(why, path, this.#entryOf(path, found, why).kind);
          }
          if (left === 0) throw error; // else another program made it, or removed it, or what is above it
        }
      }
    });
  }

  /** Gives a file that is whole its path, which must be free. */
  placeFile(onDisk: string, why: PathPlace): void {
    try {
      fs.linkSync(onDisk, this.pathOf(why.path));
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        const found = this.look(why.path, why.action)?.kind ?? "file";
        const isInTheWay = why.action === "write" && found === "folder";
        throw isInTheWay ? inTheWay(why, why.path, found) : taken(why, found);
      }
      // Linux links no file of another user that this one may not write to.
      const isOwn = () =>
        fs.lstatSync(onDisk).uid === process.geteuid?.() || process.geteuid === undefined;
      if (errorCode(error) !== "ENOTSUP" && (errorCode(error) !== "EPERM" || !isOwn())) throw error;
      throw refused(why, "the file system makes no hard links, which creates need");
    }
  }

  /** Gives a folder its path. With the `/` it fails if a file is there now, which could replace another file. */
  placeFolder(onDisk: string, why: PathPlace): void {
    try {
      fs.renameSync(sep === "/" ? `${onDisk}/` : onDisk, this.pathOf(why.path));
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error)!)) throw error;
      throw taken(why, this.look(why.path, why.action)?.kind ?? "folder");
    }
  }

  /** Makes a link with this text at a path, which must be free. */
  placeLink(text: string, why: PathPlace): void {
    try {
      fs.symlinkSync(text, this.pathOf(why.path));
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      throw taken(why, this.look(why.path, why.action)?.kind ?? "link");
    }
  }

  /** Returns the text of a link that leads to the same from another path. */
  movedLink(onDisk: string, path: string, to: string): string {
    const text = fs.readlinkSync(onDisk);
    const within = this.#targetOf(path, text);
    if (within !== undefined) return relativeTarget(to, within);
    return isAbsolute(text) ? text : movedText(text, path, to);
  }

  failure(error: unknown, { action, path }: PathPlace): unknown {
    return fileError(action, this.pathOf(path), error);
  }

  #guarded<T>(why: PathPlace, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.failure(error, why);
    }
  }

  #look(path: string, action: string, isInFolder: () => boolean): FileEntry | undefined {
    const why = { action, path, location: this.location };
    return this.#guarded(why, () => {
      const found = this.#lookOrNowhere(path);
      if (found === undefined) return path === "" ? { path, kind: "folder", size: 0 } : undefined;
      if (path.includes("/") && !isInFolder()) return undefined;
      return this.#entryOf(path, found, why);
    });
  }

  #lookOrNowhere(path: string): FileLook | undefined {
    try {
      return lookIfThere(this.pathOf(path));
    } catch (error) {
      if (NOWHERE.has(errorCode(error)!)) return undefined;
      throw error;
    }
  }

  #entryOf(path: string, found: FileLook, why: PathPlace): FileEntry {
    const { isFile, isDirectory, isSymlink, size, modifiedAt } = found;
    if (isDirectory || path === "") return { path, kind: "folder", size: 0 };
    if (isFile) return { path, kind: "file", size, modifiedAt: Math.floor(modifiedAt) };
    if (!isSymlink) throw refused(why, "it is a pipe, a socket or a device");
    const target = this.#targetOf(path, fs.readlinkSync(this.pathOf(path)));
    return { path, kind: "link", size: 0, ...(target === undefined ? {} : { target }) };
  }

  /** Returns the path that a link with this text leads to; undefined if that is outside the store. */
  #targetOf(path: string, text: string): string | undefined {
    if (!isAbsolute(text)) return targetOf(path, text.replaceAll(sep, "/"));
    const below = relative(this.#root, text);
    return isAbsolute(below) ? undefined : targetOf("", below.replaceAll(sep, "/"));
  }
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

/** What is in a folder, in no order. What is no file, folder or link is nobody's here, and passed by. */
export function readNames(folder: string, onDisk: string): NamedEntry[] {
  const entries: NamedEntry[] = [];
  try {
    for (const entry of readFolder(onDisk)) {
      const kind = kindOf(entry);
      if (kind !== undefined && isName(entry.name)) {
        entries.push({ path: joinPath(folder, entry.name), kind });
      }
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error; // the root before the first write, or a folder that was just removed
  }
  return entries;
}

/** The same in the order of the UTF-8 bytes of the names, those of folders with `/` behind them. */
export function readSortedNames(folder: string, onDisk: string): NamedEntry[] {
  const order = ({ path, kind }: NamedEntry) => kind === "folder" ? `${path}/` : path;
  const entries = readNames(folder, onDisk).map((entry) => ({ entry, order: order(entry) }));
  return entries.sort((a, b) => compareUtf8(a.order, b.order)).map(({ entry }) => entry);
}

function kindOf({ isFile, isDirectory, isSymlink }: FolderEntry): FileKind | undefined {
  return isFile ? "file" : isDirectory ? "folder" : isSymlink ? "link" : undefined;
}

/** What other programs call their files may have no path here. */
function isName(name: string): boolean {
  if (name.startsWith(OWN_PREFIX)) return false;
  try {
    return parsePath(name) === name;
  } catch {
    return false;
  }
}
