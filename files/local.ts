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
import { folderOf, OWN_PREFIX, parsePath } from "../core/naming/paths.ts";
import { relativeTarget } from "./paths/links.ts";
import type { FileEntry, FileStore, FileToDecode, WriteFileOptions } from "../core/file_store.ts";
import { described } from "../core/text/described.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { checkLocalPath } from "../core/urls/local_path.ts";
import { DiskPlace, readNames } from "./local/place.ts";
import { fileInState } from "./local/read_file.ts";
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

  stat(rawPath: string, options?: CallOptions): Promise<FileEntry | undefined> {
    return this.#step("inspect", rawPath, options, (place) => this.#disk.find(place));
  }

  async *list(rawPath: string, options?: CallOptions): AsyncGenerator<FileEntry> {
    const names = await this.#step("list", rawPath, options, (place) => {
      const { path } = place;
      const entry = this.#disk.entryAt(path, place.action);
      if (entry?.kind === "folder" && (this.#disk.isFolder(path) || path === "")) {
        return readNames(path, this.#disk.pathOf(path));
      }
      throw missing(place, "folder", entry?.kind);
    });
    for (const { path } of names) {
      options?.signal?.throwIfAborted();
      const listed = this.#disk.entryInListing(path);
      if (listed !== undefined) yield listed;
    }
  }

  async open(rawPath: string, options?: CallOptions): Promise<FileToDecode> {
    return await this.#step("open", rawPath, options, (place) => {
      const { path } = place;
      const state = this.#disk.findFile(path);
      if (state !== undefined) {
        return fileInState({ path, onDisk: this.#disk.pathOf(path), expected: state });
      }
      throw missing(place, "file", this.#disk.entryAt(path, place.action)?.kind);
    });
  }

  async write(
    rawPath: string,
    content: Content,
    { mode = "overwrite", signal }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    return await this.#step("write", rawPath, { signal }, async (place) => {
      const { path } = place;
      if (path === "") throw inTheWay(place, path, "folder");
      const folder = folderOf(path);
      const stage = await stageFile(this.#disk.pathOf(folder), content, {
        system: this.#system,
        durable: this.#durable,
        prepare: () => this.#prepare(place, mode),
        signal,
      });
      try {
        if (!this.#disk.isFolder(folder)) throw lostFolder(place);
        if (mode === "overwrite") this.#disk.replaceFile(stage, path);
        else this.#disk.placeFile(stage, place);
      } catch (error) {
        removeStage(stage);
        throw errorCode(error) === "EISDIR" ? inTheWay(place, path, "folder") : error;
      }
      if (mode === "create") removeStage(stage);
      await this.#syncFolders(folder);
      return await afterwards(() =>
        this.#disk.entryInFolder(path, place.action) ?? { path, kind: "file", size: 0 }
      );
    });
  }

  async createFolder(rawPath: string, options?: CallOptions): Promise<void> {
    await this.#step("create folder", rawPath, options, (place) => {
      this.#disk.makeFolder(place.path, place);
      return this.#syncFolders(place.path);
    });
  }

  async createLink(rawPath: string, target: string, options?: CallOptions): Promise<void> {
    const to = parsePath(target);
    await this.#step("create link", rawPath, options, (place) => {
      this.#checkFree(place);
      this.#disk.makeFolder(folderOf(place.path), place);
      this.#disk.placeLink(relativeTarget(place.path, to), place);
      return this.#syncFolders(folderOf(place.path));
    });
  }

  async remove(rawPath: string, options?: CallOptions): Promise<boolean> {
    return await this.#step("remove", rawPath, options, async (place) => {
      const entry = this.#disk.entryAt(place.path, place.action);
      if (entry === undefined) return false;
      if (place.path === "") throw notEmpty(place);
      const removed = entry.kind === "folder"
        ? this.#removeFolder(place)
        : unlinkIfThere(this.#disk.pathOf(place.path));
      await this.#syncFolders(folderOf(place.path));
      return removed;
    });
  }

  async move(from: string, to: string, options?: CallOptions): Promise<void> {
    const target = parsePath(to);
    await this.#step("move", from, options, async (place) => {
      const { path } = place;
      const source = this.#disk.entryAt(path, place.action);
      if (source === undefined || path === "") throw missing(place, "anything");
      if (target.startsWith(`${path}/`)) throw intoItself(place);
      this.#checkFree({ ...place, path: target });
      this.#disk.makeFolder(folderOf(target), place);
      if (source.kind === "folder") this.#moveFolder(place, target);
      else await this.#moveFile(place, target);
      await this.#syncFolders(folderOf(target), folderOf(path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Runs an operation on the disk, and converts its errors. */
  async #step<T>(
    action: string,
    rawPath: string,
    options: CallOptions | undefined,
    run: (place: PathPlace) => T | Promise<T>,
  ): Promise<T> {
    const place = { action, path: parsePath(rawPath), location: this.location };
    options?.signal?.throwIfAborted();
    try {
      if (action !== "inspect") this.#disk.checkRoot(place);
      return await run(place);
    } catch (error) {
      if (!(error instanceof FailedAfterwards)) throw this.#disk.failure(error, place);
      const cause = this.#disk.failure(error.cause, place);
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

  #checkFree(place: PathPlace): void {
    const occupant = this.#disk.entryAt(place.path, place.action);
    if (occupant !== undefined) throw taken(place, occupant.kind);
  }

  /** Creates the folder of a file, and throws if the file must not be written. */
  #prepare(place: PathPlace, mode: WriteFileOptions["mode"]): void {
    const { path } = place;
    this.#disk.makeFolder(folderOf(path), place);
    this.#tidy(folderOf(path));
    // `existsSync` is the fastest for a new file. A broken link is replaced, or found later.
    const occupant = fs.existsSync(this.#disk.pathOf(path))
      ? this.#disk.entryInFolder(path, place.action)
      : undefined;
    if (occupant?.kind === "folder") throw inTheWay(place, path, "folder");
    if (occupant !== undefined && mode === "create") throw taken(place, occupant.kind);
  }

  #removeFolder(place: PathPlace): boolean {
    const onDisk = this.#disk.pathOf(place.path);
    try {
      sweepStages(onDisk, this.#system);
      fs.rmdirSync(onDisk);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false; // another program removed it
      if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "")) throw error;
      throw hasOnlyStages(onDisk) ? inTheWorks(place) : notEmpty(place);
    }
  }

  #moveFolder(place: PathPlace, target: string): void {
    try {
      this.#disk.placeFolder(this.#disk.pathOf(place.path), { ...place, path: target });
    } catch (error) {
      const isThere = () => this.#disk.entryAt(place.path, place.action)?.kind === "folder";
      if (isRegistryError(error, "AlreadyExists") && !isThere()) throw lostSource(place);
      throw error;
    }
  }

  /** Gives a file a second path and removes the first: a kill in between leaves both. */
  async #moveFile(place: PathPlace, target: string): Promise<void> {
    const from = this.#disk.pathOf(place.path);
    const targetPlace = { ...place, path: target };
    const source = lookIfThere(from);
    if (source === undefined) throw missing(place, "anything"); // another program was faster
    fs.accessSync(dirname(from), fs.constants.W_OK);
    if (source.isSymlink) {
      this.#disk.placeLink(this.#disk.movedLink(from, place.path, target), targetPlace);
    } else this.#disk.placeFile(from, targetPlace);
    const stage = `${dirname(from)}/${OWN_PREFIX}${this.#system.id()}`;
    try {
      // The new name must be durable before the old one is removed.
      if (this.#durable) await this.#syncFolders(folderOf(target));
      await afterwards(() => dropMoved(from, source, stage));
    } catch (error) {
      undoMove(from, source, this.#disk.pathOf(target));
      throw error;
    }
  }
}

class FailedAfterwards extends Error {}

/** Runs the rest of a change that readers already see: its failure means `maybeWritten`. */
async function afterwards<T>(remainder: () => T | Promise<T>): Promise<T> {
  try {
    return await remainder();
  } catch (cause) {
    throw new FailedAfterwards("", { cause });
  }
}
