/**
 * Files in a folder on a disk, as other programs see them.
 *
 * @module
 */
import fs from "node:fs";
import type { CallOptions } from "../core/backend.ts";
import { createDiskSync, type DiskSync } from "../disk/disk_sync.ts";
import { errorCode } from "../disk/file_errors.ts";
import { fault, isRegistryError, type RegistryError, retold } from "../core/errors.ts";
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
import { folderOf, parsePath, relativeTarget } from "../core/naming/paths.ts";
import type {
  FileEntry,
  FileStore,
  FileToDecode,
  NamedEntry,
  WriteFileOptions,
} from "../core/file_store.ts";
import type { FileToSave } from "../core/materializer.ts";
import { described } from "../core/text/described.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { DiskPlace, readNames, readSortedNames } from "./local/place.ts";
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

/**
 * Creates a file store in a folder. Files are replaced as a whole; symbolic links below the folder are told as links
 * and never followed, and no path leads out of it.
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
  if (typeof root !== "string") throw noRoot(root);
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
    return await this.#step("look at", given, options, (why) => this.#find(why.path, why.action));
  }

  async *list(given: string, options?: CallOptions): AsyncGenerator<FileEntry> {
    for (const { path } of await this.#names(given, options, readSortedNames)) {
      options?.signal?.throwIfAborted();
      const entry = this.#disk.lookInListing(path);
      if (entry !== undefined) yield entry;
    }
  }

  async names(given: string, options?: CallOptions): Promise<NamedEntry[]> {
    return await this.#names(given, options, readNames);
  }

  async open(given: string, options?: CallOptions): Promise<FileToDecode> {
    return await this.#step("open", given, options, (why) => {
      const { path } = why;
      const found = this.#disk.findFile(path) ??
        (this.#find(path, why.action)?.kind === "file" ? this.#disk.findFile(path) : undefined);
      if (found === undefined) throw missing(why, "file", this.#disk.look(path, why.action)?.kind);
      return foundFile(path, { onDisk: this.#disk.pathOf(path), found });
    });
  }

  async write(
    given: string,
    content: FileToSave["content"],
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
      this.#placeStage(stage, why, () => {
        if (mode === "overwrite") return fs.renameSync(stage, this.#disk.pathOf(path));
        this.#disk.placeFile(stage, why);
        removeStage(stage);
      });
      await this.#settle(folder);
      return await afterwards(() =>
        this.#disk.lookInFolder(path, why.action) ?? { path, kind: "file", size: 0 }
      );
    });
  }

  async writeFolder(
    given: string,
    files: ReadonlyMap<string, Uint8Array>,
    options?: CallOptions,
  ): Promise<void> {
    await this.#step("write", given, options, async (why) => {
      for (const name of files.keys()) {
        if (parsePath(name).includes("/")) throw inTheWay(why, name, "folder");
      }
      this.#checkFree(why);
      const folder = folderOf(why.path);
      this.#disk.makeFolder(folder, why);
      this.#tidy(folder);
      const stage = stageFolder(this.#disk.pathOf(folder), files, {
        system: this.#system,
        durable: this.#durable,
      });
      this.#placeStage(stage, why, () => this.#disk.placeFolder(stage, why));
      await this.#settle(why.path);
    });
  }

  async createFolder(given: string, options?: CallOptions): Promise<void> {
    await this.#step("make folder", given, options, (why) => {
      this.#disk.makeFolder(why.path, why);
      return this.#settle(why.path);
    });
  }

  async createLink(given: string, target: string, options?: CallOptions): Promise<void> {
    const to = parsePath(target);
    await this.#step("make link", given, options, (why) => {
      this.#checkFree(why);
      this.#disk.makeFolder(folderOf(why.path), why);
      this.#disk.placeLink(relativeTarget(why.path, to), why);
      return this.#settle(folderOf(why.path));
    });
  }

  async remove(given: string, options?: CallOptions): Promise<boolean> {
    return await this.#step("remove", given, options, async (why) => {
      const found = this.#find(why.path, why.action);
      if (found === undefined) return false;
      if (why.path === "") throw notEmpty(why);
      const removed = found.kind === "folder"
        ? this.#removeFolder(why)
        : unlinkIfThere(this.#disk.pathOf(why.path));
      await this.#settle(folderOf(why.path));
      return removed;
    });
  }

  async move(from: string, to: string, options?: CallOptions): Promise<void> {
    const target = parsePath(to);
    await this.#step("move", from, options, async (why) => {
      const { path } = why;
      const found = this.#find(path, why.action);
      if (found === undefined || path === "") throw missing(why, "anything");
      if (target.startsWith(`${path}/`)) throw intoItself(why);
      this.#checkFree({ ...why, path: target });
      this.#disk.makeFolder(folderOf(target), why);
      if (found.kind === "folder") this.#moveFolder(why, target);
      else await this.#moveFile(why, target);
      await this.#settle(folderOf(target), folderOf(path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Runs a step on the disk, and says what its failure means. */
  async #step<T>(
    action: string,
    given: string,
    options: CallOptions | undefined,
    run: (why: PathPlace) => T | Promise<T>,
  ): Promise<T> {
    const why = { action, path: parsePath(given), location: this.location };
    options?.signal?.throwIfAborted();
    try {
      return await run(why);
    } catch (error) {
      if (!(error instanceof FailedAfterwards)) throw this.#disk.failure(error, why);
      const told = this.#disk.failure(error.cause, why);
      throw isRegistryError(told) ? retold(told, { maybeWritten: true, retry: "unknown" }) : told;
    }
  }

  /** Brings the names in these folders to the disk, and those of the folders themselves. */
  async #settle(...folders: string[]): Promise<void> {
    const sync = this.#sync;
    if (sync === undefined) return;
    await afterwards(async () => {
      for (const folder of folders) await sync.folder(this.#disk.pathOf(folder));
    });
  }

  /** Returns what is at a path, and first puts back what a dead process was moving. */
  #find(path: string, action: string): FileEntry | undefined {
    const found = this.#disk.look(path, action);
    if (found !== undefined || path === "" || !this.#recoverIn(folderOf(path))) return found;
    return this.#disk.look(path, action);
  }

  /** Puts back the files of a folder whose movers died. Returns whether there were any. */
  #recoverIn(folder: string): boolean {
    const onDisk = this.#disk.pathOf(folder);
    try {
      return hasMoves(onDisk) && this.#disk.isFolder(folder) && recoverMoves(onDisk, this.#system);
    } catch (error) {
      if (["EACCES", "EPERM", "EROFS"].includes(errorCode(error)!)) return false; // a process that may write here does it
      throw error;
    }
  }

  /** Puts back what movers that died have taken from a folder; removes what writers that died have left, once. */
  #tidy(folder: string): void {
    this.#recoverIn(folder);
    if (this.#swept.has(folder)) return;
    if (this.#swept.size >= MAX_SWEPT) this.#swept.clear();
    this.#swept.add(folder);
    sweepStages(this.#disk.pathOf(folder), this.#system);
  }

  async #names(
    given: string,
    options: CallOptions | undefined,
    read: (folder: string, onDisk: string) => NamedEntry[],
  ): Promise<NamedEntry[]> {
    return await this.#step("list", given, options, (why) => {
      const { path } = why;
      const found = this.#disk.look(path, why.action);
      if (found?.kind !== "folder" || !this.#disk.isFolder(path) && path !== "") {
        throw missing(why, "folder", found?.kind);
      }
      this.#recoverIn(path);
      return read(path, this.#disk.pathOf(path));
    });
  }

  /** Throws where something is at the target of a change, or in its way. */
  #checkFree(why: PathPlace): void {
    const found = this.#find(why.path, why.action);
    if (found !== undefined) throw taken(why, found.kind);
  }

  /** Makes the folder of a file, and throws if the file must not be written. */
  #prepare(why: PathPlace, mode: WriteFileOptions["mode"]): void {
    const { path } = why;
    this.#disk.makeFolder(folderOf(path), why);
    this.#tidy(folderOf(path));
    // A look at what is not there costs as much as the rest; a link that leads to nothing is replaced, or in the way.
    const found = fs.existsSync(this.#disk.pathOf(path))
      ? this.#disk.lookInFolder(path, why.action)
      : undefined;
    if (found?.kind === "folder") throw inTheWay(why, path, "folder");
    if (found !== undefined && mode === "create") throw taken(why, found.kind);
  }

  /** Gives a new file or folder that is whole its path, or removes it. */
  #placeStage(stage: string, why: PathPlace, place: () => void): void {
    try {
      if (!this.#disk.isFolder(folderOf(why.path))) throw lostFolder(why);
      place();
    } catch (error) {
      removeStage(stage);
      if (errorCode(error) === "EISDIR") throw inTheWay(why, why.path, "folder");
      throw error;
    }
  }

  #removeFolder(why: PathPlace): boolean {
    const onDisk = this.#disk.pathOf(why.path);
    try {
      this.#recoverIn(why.path);
      sweepStages(onDisk, this.#system);
      fs.rmdirSync(onDisk);
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false; // another program was faster
      if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error)!)) throw error;
      throw hasOnlyStages(onDisk) ? inTheWorks(why) : notEmpty(why);
    }
  }

  #moveFolder(why: PathPlace, target: string): void {
    try {
      this.#disk.placeFolder(this.#disk.pathOf(why.path), { ...why, path: target });
    } catch (error) {
      const isThere = () => this.#disk.look(why.path, why.action)?.kind === "folder";
      if (isRegistryError(error, "AlreadyExists") && !isThere()) throw lostSource(why);
      throw error;
    }
  }

  async #moveFile(why: PathPlace, target: string): Promise<void> {
    const disk = this.#disk;
    const file = takeFile(disk.pathOf(why.path), {
      id: this.#system.id,
      target: disk.pathOf(target),
      durable: this.#durable,
    });
    if (file === undefined) throw missing(why, "anything"); // another program was faster
    const there = { ...why, path: target };
    try {
      const found = fs.lstatSync(file.path, { throwIfNoEntry: false });
      if (found === undefined || found.isDirectory()) throw lostSource(why);
      if (found.isSymbolicLink()) {
        disk.placeLink(disk.movedLink(file.path, why.path, target), there);
      } else disk.placeFile(file.path, there);
    } catch (error) {
      if (!putBack(file) || errorCode(error) === "ENOENT") throw lostSource(why);
      throw error;
    }
    await this.#settle(folderOf(target)); // the new name must last before the old one is gone
    await afterwards(() => dropTaken(file));
  }
}

class FailedAfterwards extends Error {}

/** Runs the rest of a change that readers already see. If it fails, the change was still made. */
async function afterwards<T>(rest: () => T | Promise<T>): Promise<T> {
  try {
    return await rest();
  } catch (cause) {
    throw new FailedAfterwards("", { cause });
  }
}

function noRoot(root: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "create file store",
    state: `${described(root)} is no path of a folder`,
    hint: 'Give it { root: "./data" }; of a URL, fileURLToPath() of "node:url" makes a path.',
  });
}
