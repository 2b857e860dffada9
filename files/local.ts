/**
 * Files in a folder on a disk, as other programs see them.
 *
 * @module
 */
import fs from "node:fs";
import { isAbsolute, sep } from "node:path";
import process from "node:process";
import { createDiskSync } from "../core/disk/disk_sync.ts";
import { errorCode } from "../core/disk/file_errors.ts";
import { fault, isRegistryError, type RegistryError, retold } from "../core/errors.ts";
import {
  inTheWay,
  inTheWorks,
  intoItself,
  lostFolder,
  lostSource,
  missing,
  notEmpty,
  refused,
  taken,
} from "../core/files/path_errors.ts";
import type { PathPlace } from "../core/files/path_errors.ts";
import { folderOf, movedText, parsePath, relativeTarget } from "../core/files/paths.ts";
import type { FileEntry, FileStore } from "../core/file_store.ts";
import { described } from "../core/materializer.ts";
import { checkOptions } from "../core/options/check_options.ts";
import type { OptionNames } from "../core/options/check_options.ts";
import { realSystem } from "../core/system.ts";
import type { System } from "../core/system.ts";
import { readNames, readSortedNames } from "./local/list_folder.ts";
import { createDiskPlace } from "./local/place.ts";
import { foundFile } from "./local/read_file.ts";
import {
  dropTaken,
  hasMoves,
  putBack,
  recoverMoves,
  takeFile,
  unlinkIfThere,
} from "./local/taken_file.ts";
import {
  hasOnlyStages,
  removeStage,
  stageFile,
  stageFolder,
  sweepStages,
} from "./local/write_file.ts";

export type * from "../core/file_store.ts";

/** Options of {@linkcode createLocalFiles}. */
export interface LocalFilesOptions {
  /** The folder; it is made at the first write. @default the current folder */
  root?: string;
  /** What a write that returned survives: `disk` a power cut, `os` the end of the process. @default "os" */
  durability?: "disk" | "os";
  system?: System;
}

const OPTIONS: OptionNames<LocalFilesOptions> = { root: true, durability: true, system: true };
const MAX_SWEPT = 10_000;

class FailedAfterwards {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/**
 * Creates a file store in a folder. Files are replaced as a whole; symbolic links below the folder are told as links
 * and never followed, and no path leads out of it.
 *
 * @example
 * ```ts
 * import { createLocalFiles } from "@holdfast/holdfast/files/local";
 * import { assertEquals } from "@std/assert";
 *
 * const files = createLocalFiles({ root: await Deno.makeTempDir() });
 * await files.write("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * await files.createLink("first", "plate/A01.raw");
 * assertEquals((await files.stat("first"))?.target, "plate/A01.raw");
 * ```
 */
export function createLocalFiles(options: LocalFilesOptions = {}): FileStore {
  if (typeof options === "string") throw noOptions(options); // it would be the current folder
  const { root = ".", durability = "os", system = realSystem } = checkOptions(
    "create files in a folder",
    options,
    OPTIONS,
  );
  if (typeof root !== "string") throw noRoot(root);
  const disk = createDiskPlace(root);
  const { location, pathOf, look, failure, makeFolder } = disk;
  const swept = new Set<string>();
  const diskSync = durability === "disk" ? createDiskSync(pathOf("")) : undefined;
  const place = (action: string, path: string): PathPlace => ({ action, path, location });

  /** Runs a step on the disk, and says what its failure means. */
  async function step<T>(
    why: PathPlace,
    signal: AbortSignal | undefined,
    action: () => T | Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof FailedAfterwards)) throw failure(error, why);
      const told = failure(error.cause, why);
      throw isRegistryError(told) ? retold(told, { maybeWritten: true, retry: "unknown" }) : told;
    }
  }

  /** Runs the rest of a change that readers already see. If it fails, the change was still made. */
  async function afterwards<T>(rest: () => T | Promise<T>): Promise<T> {
    try {
      return await rest();
    } catch (error) {
      throw new FailedAfterwards(error);
    }
  }

  /** Brings the names in these folders to the disk, and those of the folders themselves. */
  async function settle(...folders: string[]): Promise<void> {
    if (diskSync === undefined) return;
    await afterwards(async () => {
      for (const folder of folders) await diskSync.folder(pathOf(folder));
    });
  }

  /** Returns what is at a path, and first puts back what a dead process was moving. */
  function find(path: string, action: string): FileEntry | undefined {
    const found = look(path, action);
    if (found !== undefined || path === "" || !recoverIn(folderOf(path))) return found;
    return look(path, action);
  }

  /** Puts back the files of a folder whose movers died. Returns whether there were any. */
  function recoverIn(folder: string): boolean {
    try {
      return hasMoves(pathOf(folder)) && disk.isFolder(folder) &&
        recoverMoves(pathOf(folder), system);
    } catch (error) {
      if (["EACCES", "EPERM", "EROFS"].includes(errorCode(error)!)) return false; // a process that may write here does it
      throw error;
    }
  }

  /** Puts back what movers that died have taken from a folder; removes what writers that died have left, once. */
  function tidy(folder: string): void {
    recoverIn(folder);
    if (swept.has(folder)) return;
    if (swept.size >= MAX_SWEPT) swept.clear();
    swept.add(folder);
    sweepStages(pathOf(folder), system);
  }

  /** Gives a file that is whole its place, where that is free. */
  function placeNew(stage: string, path: string, why: PathPlace): void {
    try {
      fs.linkSync(stage, pathOf(path));
    } catch (error) {
      const there = errorCode(error) === "EEXIST"
        ? look(path, why.action)?.kind ?? "file"
        : undefined;
      if (there !== undefined) {
        throw why.action === "write" && there === "folder"
          ? inTheWay(why, path, there)
          : taken(why, there);
      }
      // Linux links no file of another user that this one may not write to.
      const isOwn = () =>
        fs.lstatSync(stage).uid === process.geteuid?.() || process.geteuid === undefined;
      if (errorCode(error) !== "ENOTSUP" && (errorCode(error) !== "EPERM" || !isOwn())) throw error;
      throw refused(why, "the file system makes no hard links, which creates need");
    }
  }

  function linkTo(target: string, path: string): void {
    fs.symlinkSync(relativeTarget(path, target), pathOf(path));
  }

  function checkFolder(path: string, why: PathPlace): void {
    const found = look(path, why.action);
    if (found?.kind !== "folder" || !disk.isFolder(path) && path !== "") {
      throw missing(why, "folder", found?.kind);
    }
  }

  /** Moves a folder in one step. With the `/` it fails if a file is there now, which could replace another file. */
  function moveFolder(path: string, target: string, why: PathPlace): void {
    try {
      fs.renameSync(sep === "/" ? `${pathOf(path)}/` : pathOf(path), pathOf(target));
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error)!)) throw error;
      if (look(path, why.action)?.kind !== "folder") throw lostSource(why);
      throw taken({ ...why, path: target }, look(target, why.action)?.kind ?? "folder");
    }
  }

  async function moveFile(path: string, target: string, why: PathPlace): Promise<void> {
    const file = takeFile(pathOf(path), {
      id: system.id,
      target: pathOf(target),
      durable: durability === "disk",
    });
    if (file === undefined) throw missing(why, "anything"); // another program was faster
    try {
      const found = fs.lstatSync(file.path, { throwIfNoEntry: false });
      if (found === undefined || found.isDirectory()) throw lostSource(why);
      if (found.isSymbolicLink()) moveLink(file.path, { path, target });
      else placeNew(file.path, target, { ...why, path: target });
    } catch (error) {
      if (!putBack(file) || errorCode(error) === "ENOENT") throw lostSource(why);
      throw errorCode(error) === "EEXIST"
        ? taken({ ...why, path: target }, look(target, why.action)?.kind ?? "link")
        : error;
    }
    await settle(folderOf(target)); // the new name must last before the old one is gone
    await afterwards(() => dropTaken(file));
  }

  /** Makes a link with the same target as another one, whose path was `path`. */
  function moveLink(onDisk: string, { path, target }: { path: string; target: string }): void {
    const text = fs.readlinkSync(onDisk);
    const within = disk.targetOf(path, text);
    if (within !== undefined) linkTo(within, target);
    else fs.symlinkSync(isAbsolute(text) ? text : movedText(text, path, target), pathOf(target));
  }

  /** Throws where something is at the target of a move, or in its way. */
  function checkFree(path: string, why: PathPlace): void {
    const found = find(path, why.action);
    if (found !== undefined) throw taken({ ...why, path }, found.kind);
  }

  return {
    name: "disk",
    location,

    async stat(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("look at", path);
      return await step(why, signal, () => find(path, why.action));
    },

    async *list(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("list", path);
      checkFolder(path, why);
      await step(why, signal, () => recoverIn(path));
      for (const named of await step(why, signal, () => readSortedNames(path, pathOf(path)))) {
        signal?.throwIfAborted();
        const entry = entryIn(named.path);
        if (entry !== undefined) yield entry;
      }
    },

    async names(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("list", path);
      checkFolder(path, why);
      return await step(why, signal, () => (recoverIn(path), readNames(path, pathOf(path))));
    },

    async open(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("open", path);
      return await step(why, signal, () => {
        const found = disk.findFile(path) ??
          (find(path, why.action)?.kind === "file" ? disk.findFile(path) : undefined);
        if (found === undefined) throw missing(why, "file", look(path, why.action)?.kind);
        return foundFile(path, { onDisk: pathOf(path), found });
      });
    },

    async write(given, content, { mode = "overwrite", signal } = {}) {
      const path = parsePath(given);
      const why = place("write", path);
      return await step(why, signal, async () => {
        if (path === "") throw inTheWay(why, path, "folder");
        const folder = folderOf(path);
        const prepare = () => {
          makeFolder(folder, why);
          tidy(folder);
          // A look at what is not there costs as much as the rest; a link that leads to nothing is replaced, or in the way.
          const found = fs.existsSync(pathOf(path))
            ? disk.lookInFolder(path, why.action)
            : undefined;
          if (found?.kind === "folder") throw inTheWay(why, path, "folder");
          if (found !== undefined && mode === "create") throw taken(why, found.kind);
        };
        const durable = durability === "disk";
        const stage = await stageFile(pathOf(folder), content, {
          system,
          durable,
          prepare,
          signal,
        });
        try {
          if (!disk.isFolder(folder)) throw lostFolder(why);
          if (mode === "overwrite") fs.renameSync(stage, pathOf(path));
          else {
            placeNew(stage, path, why);
            removeStage(stage);
          }
        } catch (error) {
          removeStage(stage);
          if (errorCode(error) === "EISDIR") throw inTheWay(why, path, "folder");
          throw error;
        }
        await settle(folder);
        return await afterwards(() =>
          disk.lookInFolder(path, why.action) ?? { path, kind: "file", size: 0 }
        );
      });
    },

    async writeFolder(given, files, { signal } = {}) {
      const path = parsePath(given);
      const why = place("write", path);
      for (const name of files.keys()) {
        if (parsePath(name).includes("/")) throw inTheWay(why, name, "folder");
      }
      await step(why, signal, async () => {
        checkFree(path, why);
        const folder = folderOf(path);
        makeFolder(folder, why);
        tidy(folder);
        const stage = stageFolder(pathOf(folder), files, {
          system,
          durable: durability === "disk",
        });
        try {
          if (!disk.isFolder(folder)) throw lostFolder(why);
          fs.renameSync(stage, pathOf(path));
        } catch (error) {
          removeStage(stage);
          if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error)!)) throw error;
          throw taken(why, look(path, why.action)?.kind ?? "folder"); // another program was faster
        }
        await settle(path);
      });
    },

    async createFolder(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("make folder", path);
      await step(why, signal, () => (makeFolder(path, why), settle(path)));
    },

    async createLink(given, target, { signal } = {}) {
      const path = parsePath(given);
      const why = place("make link", path);
      const parsed = parsePath(target);
      await step(why, signal, () => {
        checkFree(path, why);
        makeFolder(folderOf(path), why);
        try {
          linkTo(parsed, path);
        } catch (error) {
          throw errorCode(error) === "EEXIST"
            ? taken(why, look(path, why.action)?.kind ?? "link")
            : error;
        }
        return settle(folderOf(path));
      });
    },

    async remove(given, { signal } = {}) {
      const path = parsePath(given);
      const why = place("remove", path);
      return await step(why, signal, async () => {
        const found = find(path, why.action);
        if (found === undefined) return false;
        if (path === "") throw notEmpty(why);
        if (found.kind !== "folder") {
          const removed = unlinkIfThere(pathOf(path));
          await settle(folderOf(path));
          return removed;
        }
        try {
          recoverIn(path);
          sweepStages(pathOf(path), system);
          fs.rmdirSync(pathOf(path));
        } catch (error) {
          if (errorCode(error) === "ENOENT") return false; // another program was faster
          if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error)!)) throw error;
          throw hasOnlyStages(pathOf(path)) ? inTheWorks(why) : notEmpty(why);
        }
        await settle(folderOf(path));
        return true;
      });
    },

    async move(from, to, { signal } = {}) {
      const [path, target] = [parsePath(from), parsePath(to)];
      const why = place("move", path);
      await step(why, signal, async () => {
        const found = find(path, why.action);
        if (found === undefined || path === "") throw missing(why, "anything");
        if (target.startsWith(`${path}/`)) throw intoItself(why);
        checkFree(target, why);
        makeFolder(folderOf(target), why);
        if (found.kind === "folder") moveFolder(path, target, why);
        else await moveFile(path, target, why);
        await settle(folderOf(target), folderOf(path));
      });
    },

    async [Symbol.asyncDispose]() {},
  };

  /** What is no file, folder or link is nobody's here: a listing passes it by. */
  function entryIn(path: string): FileEntry | undefined {
    try {
      return disk.lookInFolder(path, "list");
    } catch (error) {
      if ((error as { code?: string }).code === "Unsupported") return undefined;
      throw error;
    }
  }
}

function noOptions(given: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "create file store",
    state: `${described(given)} is no set of options`,
    hint: 'Write createLocalFiles({ root: "./data" }).',
  });
}

function noRoot(root: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "create file store",
    state: `${described(root)} is no path of a folder`,
    hint: 'Give it { root: "./data" }; of a URL, fileURLToPath() of "node:url" makes a path.',
  });
}
