// Paths of a file store on a disk. Symbolic links below the root are never followed.
import fs from "node:fs";
import process from "node:process";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { deviceOf, look, lookIfThere, readFolder } from "../../disk/disk_calls.ts";
import type { FileLook, FolderEntry } from "../../disk/disk_calls.ts";
import { errorCode, fileError, onDisk } from "../../disk/file_errors.ts";
import { keepMostAccess } from "../../disk/keep_access.ts";
import { sortedByUtf8 } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import { goneRoot, inTheWay, type PathPlace, refused, taken } from "../paths/path_errors.ts";
import { folderOf, joinPath, OWN_PREFIX } from "../../core/naming/paths.ts";
import { movedText, relativeTarget, targetOf } from "../paths/links.ts";
import type { FileEntry, FileKind } from "../../core/file_store.ts";
import { isPath, type NamedEntry, orderOf } from "../paths/entries.ts";

/** Error codes of a path that leads nowhere. */
const NOWHERE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** Retries if another program removes what was just created. */
export const MOST_RACES = 20;

export class DiskPlace {
  /** The root as a `file:` URL. */
  readonly location: string;
  readonly #root: string;
  #realRoot: string | undefined;
  /** The device of the root, once it was there. */
  #device: number | undefined;

  constructor(folder: string) {
    this.#root = resolve(folder);
    this.location = pathToFileURL(this.#root).href;
  }

  /** Throws `Unavailable` if the root was there, and is missing or an empty folder of another disk. */
  checkRoot(place: PathPlace): void {
    const device = deviceOf(this.#root);
    if (this.#device !== undefined && this.#device !== device) {
      if (device === undefined || fs.readdirSync(this.#root).length === 0) throw goneRoot(place);
    }
    this.#device = device;
  }

  pathOf(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }

  /** Like `entryAt`, and checks the root like `checkRoot`, once there is none. */
  find(place: PathPlace): FileEntry | undefined {
    const { path, action } = place;
    if (this.#device === undefined) this.checkRoot(place);
    const entry = this.entryAt(path, action);
    if (entry === undefined || path === "") this.checkRoot(place);
    return entry;
  }

  /** Returns the entry at a path; undefined if there is none or a parent is not a folder. */
  entryAt(path: string, action: string): FileEntry | undefined {
    return this.#entryAt(path, action, false);
  }

  /** Like `entryAt`, for a path whose folder was just checked. */
  entryInFolder(path: string, action: string): FileEntry | undefined {
    return this.#entryAt(path, action, true);
  }

  /** Like `entryInFolder`, but undefined for pipes, sockets and devices. */
  entryInListing(path: string): FileEntry | undefined {
    try {
      return this.entryInFolder(path, "list");
    } catch (error) {
      if (isRegistryError(error, "Unsupported")) return undefined;
      throw error;
    }
  }

  /** Returns the state of a file to read; undefined if there is no file. */
  findFile(path: string): FileLook | undefined {
    const state = this.#lookOrNowhere(path);
    return state?.isFile && this.isFolder(folderOf(path)) ? state : undefined;
  }

  /** True for a folder that no link below the root leads to. The root may be a link. */
  isFolder(path: string): boolean {
    try {
      const real = realFolder(this.pathOf(path));
      if (real === undefined) return false;
      const isOwn = () =>
        path === "" || this.#realRoot !== undefined && real === joinReal(this.#realRoot, path);
      if (!isOwn()) this.#realRoot = fs.realpathSync.native(this.#root);
      return isOwn();
    } catch (error) {
      if (NOWHERE.has(errorCode(error))) return false;
      throw error;
    }
  }

  /** Creates a folder and its parents. `Conflict` if something else is in the way. */
  makeFolder(path: string, place: PathPlace): void {
    onDisk(place.action, this.pathOf(place.path), () => {
      for (let retries = MOST_RACES; !this.isFolder(path); retries--) {
        if (path === "") {
          fs.mkdirSync(this.#root, { recursive: true });
          return this.checkRoot(place);
        }
        this.makeFolder(folderOf(path), place);
        try {
          fs.mkdirSync(this.pathOf(path));
        } catch (error) {
          if (errorCode(error) !== "EEXIST" && errorCode(error) !== "ENOENT") throw error;
          const state = this.#lookOrNowhere(path);
          const isPassing = state === undefined || state.isDirectory && retries > 0;
          if (!isPassing && !this.isFolder(path)) {
            throw inTheWay(place, path, this.#entryOf(path, state, place).kind);
          }
          if (retries === 0) throw error; // else another program created or removed it
        }
      }
    });
  }

  /** Links a complete file to its path, which must be free. */
  placeFile(file: string, place: PathPlace): void {
    try {
      fs.linkSync(file, this.pathOf(place.path));
    } catch (error) {
      if (errorCode(error) === "EEXIST") {
        const kind = this.entryAt(place.path, place.action)?.kind ?? "file";
        const isInTheWay = place.action === "write" && kind === "folder";
        throw isInTheWay ? inTheWay(place, place.path, kind) : taken(place, kind);
      }
      // Linux refuses hard links to files of other users that this user cannot write.
      const isOwn = () =>
        fs.lstatSync(file).uid === process.geteuid?.() || process.geteuid === undefined;
      if (errorCode(error) !== "ENOTSUP" && (errorCode(error) !== "EPERM" || !isOwn())) throw error;
      throw refused(place, "the file system has no hard links, which `create` needs");
    }
  }

  /** Renames a complete file to its path, where a replaced one keeps its owner and mode. */
  replaceFile(file: string, path: string): void {
    const to = this.pathOf(path);
    const replaced = fs.lstatSync(to, { throwIfNoEntry: false });
    if (replaced?.isFile()) keepMostAccess(file, replaced, (replaced.mode & 0o100) !== 0);
    fs.renameSync(file, to);
  }

  /** Renames a folder to its path. The trailing `/` makes that fail if a file is there. */
  placeFolder(folder: string, place: PathPlace): void {
    try {
      fs.renameSync(sep === "/" ? `${folder}/` : folder, this.pathOf(place.path));
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
      throw taken(place, this.entryAt(place.path, place.action)?.kind ?? "folder");
    }
  }

  /** Creates a link with this text at a path, which must be free. */
  placeLink(text: string, place: PathPlace): void {
    try {
      fs.symlinkSync(text, this.pathOf(place.path));
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      throw taken(place, this.entryAt(place.path, place.action)?.kind ?? "link");
    }
  }

  /** Returns the text of a link that leads to the same target from another path. */
  movedLink(link: string, path: string, to: string): string {
    const text = fs.readlinkSync(link);
    const within = this.#targetOf(path, text);
    if (within !== undefined) return relativeTarget(to, within);
    return isAbsolute(text) ? text : movedText(text, path, to);
  }

  failure(error: unknown, { action, path }: PathPlace): unknown {
    return fileError(action, this.pathOf(path), error);
  }

  #entryAt(path: string, action: string, isInFolder: boolean): FileEntry | undefined {
    try {
      const state = this.#lookOrNowhere(path);
      if (state === undefined) return path === "" ? { path, kind: "folder", size: 0 } : undefined;
      if (!isInFolder && path.includes("/") && !this.isFolder(folderOf(path))) return undefined;
      return this.#entryOf(path, state, { action, path, location: this.location });
    } catch (cause) {
      throw fileError(action, this.pathOf(path), cause);
    }
  }

  #lookOrNowhere(path: string): FileLook | undefined {
    try {
      return lookIfThere(this.pathOf(path));
    } catch (error) {
      if (NOWHERE.has(errorCode(error))) return undefined;
      throw error;
    }
  }

  #entryOf(path: string, state: FileLook, place: PathPlace): FileEntry {
    const { isFile, isDirectory, isSymlink, size, modifiedAt } = state;
    if (isDirectory || path === "") return { path, kind: "folder", size: 0 };
    if (isFile) return { path, kind: "file", size, modifiedAt: Math.floor(modifiedAt) };
    if (!isSymlink) throw refused(place, "it is a pipe, a socket or a device");
    const target = this.#targetOf(path, fs.readlinkSync(this.pathOf(path)));
    return { path, kind: "link", size: 0, ...(target === undefined ? {} : { target }) };
  }

  /** Returns the path that a link with this text leads to; undefined outside the store. */
  #targetOf(path: string, text: string): string | undefined {
    if (!isAbsolute(text)) return targetOf(path, text.replaceAll(sep, "/"));
    const below = relative(this.#root, text);
    return isAbsolute(below) ? undefined : targetOf("", below.replaceAll(sep, "/"));
  }
}

/** Returns the real path of a folder. Throws or returns undefined if it is not a folder. */
function realFolder(path: string): string | undefined {
  if (sep === "/") return fs.realpathSync.native(`${path}/.`); // fails for files, without a stat
  const real = fs.realpathSync.native(path);
  return look(real).isDirectory ? real : undefined;
}

function joinReal(root: string, path: string): string {
  return joinPath(root.replace(/\/$/, ""), sep === "/" ? path : path.replaceAll("/", sep));
}

/** Lists a folder. Skips what is not a file, folder or link. */
export async function readNames(folder: string, path: string): Promise<NamedEntry[]> {
  const entries: NamedEntry[] = [];
  try {
    for (const entry of await readFolder(path)) {
      const { name } = entry;
      const kind = kindOf(entry);
      if (kind === undefined || name.startsWith(OWN_PREFIX) || !isPath(name)) continue;
      entries.push({ path: joinPath(folder, name), kind });
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error; // no root yet, or just removed
  }
  return sortedByUtf8(entries, orderOf);
}

function kindOf({ isFile, isDirectory, isSymlink }: FolderEntry): FileKind | undefined {
  return isFile ? "file" : isDirectory ? "folder" : isSymlink ? "link" : undefined;
}
