/**
 * Files in a folder on a disk, as other programs see them.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import type { CallOptions } from "../core/backend.ts";
import { createDiskSync, type DiskSync } from "../disk/disk_sync.ts";
import { lookIfThere } from "../disk/disk_calls.ts";
import { errorCode } from "../disk/file_errors.ts";
import { fault, isRegistryError, retold } from "../core/errors.ts";
import {
  inTheWay,
  inTheWorks,
  intoItself,
  lostFolder,
  lostSource,
  missing,
  notEmpty,
  type PathPlace,
  taken,
} from "./paths/path_errors.ts";
import { folderOf, OWN_PREFIX, parsePath, relativeTarget } from "../core/naming/paths.ts";
import type { FileEntry, FileStore, FileToDecode, WriteFileOptions } from "../core/file_store.ts";
import { described } from "../core/text/described.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { checkLocalPath } from "../core/urls/local_path.ts";
import { DiskPlace, readNames } from "./local/place.ts";
import { foundFile } from "./local/read_file.ts";
import { dropMoved, undoMove, unlinkIfThere } from "./local/moved_file.ts";
import { hasOnlyStages, removeStage, stageFile, sweepStages } from "./local/write_file.ts";

type Content = Parameters<FileStore["write"]>[1];

/** Options of {@linkcode createLocalFiles}. */
export interface LocalFilesOptions {
  /**
   * The folder, created at the first write, but not again: once it is gone, or its disk is not
   * mounted, calls throw `Unavailable`. @default the current folder
   */
  root?: string;
  /**
   * Completed writes survive a power cut (`disk`) or a crash of the process (`os`). @default "os"
   */
  durability?: "disk" | "os";
  system?: System;
}

const OPTIONS: OptionNames<LocalFilesOptions> = { root: true, durability: true, system: true };
const MAX_SWEPT = 10_000;

/**
 * Creates a file store in a folder. Files are replaced atomically. Symbolic links below the folder
 * are listed as links and never followed, and no path leads out of it.
 *
 * @example
 * ```ts
 * import { createLocalFiles } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * const files = createLocalFiles({ root: await Deno.makeTempDir() });
 * await files.write("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * await files.createLink("first", "plate/A01.raw");
 * assertEquals((await files.stat("first"))?.target, "plate/A01.raw");
 * ```
 */
export function createLocalFiles(options: LocalFilesOptions = {}): FileStore {
  const { root = ".", durability = "os", system = realSystem } = checkOptions(
    "create files in a folder",
    options,
    OPTIONS,
  );
  if (typeof root !== "string") {
    const state = `${described(root)} is not a path`;
    const hint = 'Pass { root: "./data" }; convert a URL with fileURLToPath() of "node:url".';
    throw fault({ code: "Invalid", action: "create file store", state, hint });
  }
  checkLocalPath(root, "use files in");
  return new LocalFiles(root, { durable: durability === "disk", system });
}

class LocalFiles implements FileStore {
  readonly name = "disk";
  readonly location: string;
  readonly #disk: DiskPlace;
  readonly #system: System;
  readonly #durable: boolean;
  readonly #sync: DiskSync | undefined;
  readonly #swept = new Set<string>();

  constructor(root: string, { durable, system }: { durable: boolean; system: System }) {
    this.#disk = new DiskPlace(root);
    this.location = this.#disk.location;
    this.#system = system;
    this.#durable = durable;
    this.#sync = durable ? createDiskSync(this.#disk.pathOf("")) : undefined;
  }

  async stat(given: string, options?: CallOptions): Promise<FileEntry | undefined> {
    const find = ({ path, action }: PathPlace) => this.#disk.entryAt(path, action);
    return await this.#step("inspect", given, options, find);
  }

  async *list(given: string, options?: CallOptions): AsyncGenerator<FileEntry> {
    const names = await this.#step("list", given, options, (why) => {
      const { path } = why;
      const found = this.#disk.entryAt(path, why.action);
      if (found?.kind === "folder" && (this.#disk.isFolder(path) || path === "")) {
        return readNames(path, this.#disk.pathOf(path));
      }
      throw missing(why, "folder", found?.kind);
    });
    for (const { path } of names) {
      options?.signal?.throwIfAborted();
      const entry = this.#disk.entryInListing(path);
      if (entry !== undefined) yield entry;
    }
  }

  async open(given: string, options?: CallOptions): Promise<FileToDecode> {
    return await this.#step("open", given, options, (why) => {
      const { path } = why;
      const found = this.#disk.findFile(path);
      if (found !== undefined) return foundFile({ path, onDisk: this.#disk.pathOf(path), found });
      throw missing(why, "file", this.#disk.entryAt(path, why.action)?.kind);
    });
  }

  async write(
    given: string,
    content: Content,
    { mode = "overwrite", signal }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    return await this.#step("write", given, { signal }, async (why) => {
      const { path } = why;
      if (path === "") throw inTheWay(why, path, "folder");
      const folder = folderOf(path);
      const stage = await stageFile(this.#disk.pathOf(folder), content, {
        system: this.#system,
        durable: this.#durable,
        prepare: () => this.#prepare(why, mode),
        signal,
      });
      try {
        if (!this.#disk.isFolder(folder)) throw lostFolder(why);
        if (mode === "overwrite") this.#disk.replaceFile(stage, path);
        else this.#disk.placeFile(stage, why);
      } catch (error) {
        removeStage(stage);
        throw errorCode(error) === "EISDIR" ? inTheWay(why, path, "folder") : error;
      }
      if (mode === "create") removeStage(stage);
      await this.#syncFolders(folder);
      return await afterwards(() =>
        this.#disk.entryInFolder(path, why.action) ?? { path, kind: "file", size: 0 }
      );
    });
  }

  async createFolder(given: string, options?: CallOptions): Promise<void> {
    await this.#step("create folder", given, options, (why) => {
      this.#disk.makeFolder(why.path, why);
      return this.#syncFolders(why.path);
    });
  }

  async createLink(given: string, target: string, options?: CallOptions): Promise<void> {
    const to = parsePath(target);
    await this.#step("create link", given, options, (why) => {
      this.#checkFree(why);
      this.#disk.makeFolder(folderOf(why.path), why);
      this.#disk.placeLink(relativeTarget(why.path, to), why);
      return this.#syncFolders(folderOf(why.path));
    });
  }

  async remove(given: string, options?: CallOptions): Promise<boolean> {
    return await this.#step("remove", given, options, async (why) => {
      const found = this.#disk.entryAt(why.path, why.action);
      if (found === undefined) return false;
      if (why.path === "") throw notEmpty(why);
      const removed = found.kind === "folder"
        ? this.#removeFolder(why)
        : unlinkIfThere(this.#disk.pathOf(why.path));
      await this.#syncFolders(folderOf(why.path));
      return removed;
    });
  }

  async move(from: string, to: string, options?: CallOptions): Promise<void> {
    const target = parsePath(to);
    await this.#step("move", from, options, async (why) => {
      const { path } = why;
      const found = this.#disk.entryAt(path, why.action);
      if (found === undefined || path === "") throw missing(why, "anything");
      if (target.startsWith(`${path}/`)) throw intoItself(why);
      this.#checkFree({ ...why, path: target });
      this.#disk.makeFolder(folderOf(target), why);
      if (found.kind === "folder") this.#moveFolder(why, target);
      else await this.#moveFile(why, target);
      await this.#syncFolders(folderOf(target), folderOf(path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Runs an operation on the disk, and converts its errors. */
  async #step<T>(
    action: string,
    given: string,
    options: CallOptions | undefined,
    run: (why: PathPlace) => T | Promise<T>,
  ): Promise<T> {
    const why = { action, path: parsePath(given), location: this.location };
    options?.signal?.throwIfAborted();
    try {
      this.#disk.checkRoot(why);
      return await run(why);
    } catch (error) {
      if (!(error instanceof FailedAfterwards)) throw this.#disk.failure(error, why);
      const cause = this.#disk.failure(error.cause, why);
      throw isRegistryError(cause)
        ? retold(cause, { maybeWritten: true, retry: "unknown" })
        : cause;
    }
  }

  /** Makes the names in these folders durable, and those of the folders themselves. */
  async #syncFolders(...folders: string[]): Promise<void> {
    const sync = this.#sync;
    if (sync === undefined) return;
    await afterwards(async () => {
      for (const folder of folders) await sync.folder(this.#disk.pathOf(folder));
    });
  }

  /** Removes once what dead processes left in a folder. */
  #tidy(folder: string): void {
    if (this.#swept.has(folder)) return;
    if (this.#swept.size >= MAX_SWEPT) this.#swept.clear();
    this.#swept.add(folder);
    sweepStages(this.#disk.pathOf(folder), this.#system);
  }

  #checkFree(why: PathPlace): void {
    const found = this.#disk.entryAt(why.path, why.action);
    if (found !== undefined) throw taken(why, found.kind);
  }

  /** Creates the folder of a file, and throws if the file must not be written. */
  #prepare(why: PathPlace, mode: WriteFileOptions["mode"]): void {
    const { path } = why;
    this.#disk.makeFolder(folderOf(path), why);
    this.#tidy(folderOf(path));
    // `existsSync` is the fastest for a new file. A broken link is replaced, or found later.
    const found = fs.existsSync(this.#disk.pathOf(path))
      ? this.#disk.entryInFolder(path, why.action)
      : undefined;
    if (found?.kind === "folder") throw inTheWay(why, path, "folder");
    if (found !== undefined && mode === "create") throw taken(why, found.kind);
  }

  #removeFolder(why: PathPlace): boolean {
    const onDisk = this.#disk.pathOf(why.path);
    try {
      sweepStages(onDisk, this.#system);
      fs.rmdirSync(onDisk);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false; // another program removed it
      if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "")) throw error;
      throw hasOnlyStages(onDisk) ? inTheWorks(why) : notEmpty(why);
    }
  }

  #moveFolder(why: PathPlace, target: string): void {
    try {
      this.#disk.placeFolder(this.#disk.pathOf(why.path), { ...why, path: target });
    } catch (error) {
      const isThere = () => this.#disk.entryAt(why.path, why.action)?.kind === "folder";
      if (isRegistryError(error, "AlreadyExists") && !isThere()) throw lostSource(why);
      throw error;
    }
  }

  /** Gives a file a second path and removes the first: a kill in between leaves both. */
  async #moveFile(why: PathPlace, target: string): Promise<void> {
    const from = this.#disk.pathOf(why.path);
    const there = { ...why, path: target };
    const found = lookIfThere(from);
    if (found === undefined) throw missing(why, "anything"); // another program was faster
    fs.accessSync(dirname(from), fs.constants.W_OK);
    if (found.isSymlink) {
      this.#disk.placeLink(this.#disk.movedLink(from, why.path, target), there);
    } else this.#disk.placeFile(from, there);
    const stage = `${dirname(from)}/${OWN_PREFIX}${this.#system.id()}`;
    try {
      // The new name must be durable before the old one is removed.
      if (this.#durable) await this.#syncFolders(folderOf(target));
      await afterwards(() => dropMoved(from, found, stage));
    } catch (error) {
      undoMove(from, found, this.#disk.pathOf(target));
      throw error;
    }
  }
}

class FailedAfterwards extends Error {}

/** Runs the rest of a change that readers already see: its failure means `maybeWritten`. */
async function afterwards<T>(rest: () => T | Promise<T>): Promise<T> {
  try {
    return await rest();
  } catch (cause) {
    throw new FailedAfterwards("", { cause });
  }
}
