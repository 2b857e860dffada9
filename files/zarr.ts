/**
 * Files over another file store, with arrays and images in zarr: each is a folder with chunks and a
 * `zarr.json` that is shown as one file. Other programs open that folder as an array.
 *
 * @module
 */
import type { CallOptions } from "../core/backend.ts";
import { compareEntries } from "./paths/entries.ts";
import { follow } from "./paths/follow.ts";
import { inTheWay, intoItself, missing, notEmpty, taken } from "./paths/path_errors.ts";
import type { PathPlace } from "./paths/path_errors.ts";
import type { FileEntry, FileStore, FileToDecode, WriteFileOptions } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { isRegistryError, unsupported } from "../core/errors.ts";
import { realSystem, type System } from "../core/system.ts";
import { mapAtOnce } from "../core/work/at_once.ts";
import { createLanes } from "../core/work/lanes.ts";
import type { ZarrCodec } from "../formats/zarr.ts";
import {
  arrayEntry,
  arrayOf,
  fileEntry,
  isArrayValue,
  npyFile,
  readStored,
  seenArray,
  valueOf,
  writeArray,
} from "./zarr/array_files.ts";
import { ArrayLocks, type ArrayTask } from "./zarr/lock.ts";
import { Lookup } from "./zarr/lookup.ts";
import { placeMade } from "./zarr/place_made.ts";
import { copyArray, moveArray, removeArray } from "./zarr/trees.ts";
import { parseOutside as parse, WORKS, worksOf } from "./zarr/undo_change.ts";

export type { ZarrCodec } from "../formats/zarr.ts";

type Content = Parameters<FileStore["write"]>[1];

/** Options of {@linkcode createZarrFiles}. */
export interface ZarrFilesOptions {
  /** The store below, which this store disposes of. */
  files: FileStore;
  /** The compression of chunks. @default "zstd" */
  codec?: ZarrCodec;
  /** Returns the shape of chunks. @default one chunk, or parts of up to 16 MiB */
  chunks?: (shape: readonly number[]) => readonly number[];
  system?: System;
}

/**
 * Creates a file store over another one. Arrays and images saved without `as` are stored in zarr at
 * their paths, whatever the extension, and loaded unchanged; everything else is a file of the store
 * below. `open` returns the `.npy` bytes of an array. Folders of other programs with a `zarr.json`
 * are shown as files too, except unsupported arrays and those of version 2.
 *
 * An array is written to a folder in `.zarr-saving` and moved to its path when complete. It is
 * absent for a moment while it is replaced, and readers wait. In a bucket a move copies each file.
 * `zarr.json` leaves first, to `.zarr-saving`, and arrives last, so a part of an array never looks
 * like an array. A load reads an array again if it was replaced meanwhile: the attribute
 * `holdfast-save` differs from save to save.
 *
 * One program at a time changes an array; others get a `Conflict`. If a program dies while it
 * changes an array, the first call that needs the array after a minute undoes the change.
 * @example
 * ```ts
 * import { createFileManager, createMemoryFiles } from "@holdfast/holdfast/files";
 * import { createZarrFiles } from "@holdfast/holdfast/files/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * await using zarr = createZarrFiles({ files: createMemoryFiles() });
 * const files = await createFileManager({ zarr }).on("zarr");
 * const plane = { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" };
 * await files.save("plate/A01_w1", plane);
 * await files.save("plate/about.json", { wells: 96 });
 * assertEquals(await files.listFiles("plate"), ["plate/A01_w1", "plate/about.json"]);
 * assertEquals(await files.load("plate/A01_w1"), plane);
 * ```
 */
export function createZarrFiles(options: ZarrFilesOptions): FileStore {
  return new ZarrFiles(options);
}

class ZarrFiles implements FileStore {
  readonly name = "zarr";
  readonly location: string;
  readonly keeps = isArrayValue;
  readonly removeFolder?: FileStore["removeFolder"];
  readonly #files: FileStore;
  readonly #arrays: Parameters<typeof arrayOf>[1];
  readonly #serial = createLanes();
  readonly #locks: ArrayLocks;
  readonly #lookup: Lookup;

  constructor({ files, codec, chunks, system = realSystem }: ZarrFilesOptions) {
    this.location = files.location;
    this.#files = files;
    this.#arrays = { codec, chunks, id: () => system.id() };
    this.#locks = new ArrayLocks(files, system);
    this.#lookup = new Lookup(files, this.#locks, system);
    if (files.removeFolder === undefined) return;
    this.removeFolder = async (given, options = {}) => {
      const path = parse(given);
      const seen = await this.#lookup.at(path, options);
      if (seen?.array !== undefined) await this.remove(path, options);
      else if (seen !== undefined || path === "") await files.removeFolder!(path, options);
    };
  }

  async stat(given: string, options: CallOptions = {}): Promise<FileEntry | undefined> {
    return (await this.#lookup.at(parse(given), options))?.entry;
  }

  async *list(given: string, options: CallOptions = {}): AsyncGenerator<FileEntry> {
    const path = parse(given);
    await this.#checkFolder(path, options);
    const seen = mapAtOnce(this.#files.list(path, options), async (entry) => {
      const array = entry.kind === "folder"
        ? await seenArray(this.#files, entry.path, options)
        : undefined;
      if (array === undefined) return entry;
      return await arrayEntry(this.#files, entry.path, { array, ...options });
    });
    const entries = (await Array.fromAsync(seen)).filter(({ path }) => path !== WORKS);
    yield* entries.sort(compareEntries);
  }

  async open(given: string, options: CallOptions = {}): Promise<FileToDecode> {
    const path = parse(given);
    const file = await this.#lookup.untilStable(path, async () => {
      const stored = await readStored(this.#files, path, options);
      if (stored !== undefined) return npyFile(path, stored.elements);
      return await this.#files.open(path, options).catch((error) => {
        if (!isRegistryError(error, "NotFound")) throw error;
      });
    });
    if (file !== undefined && await this.#lookup.arrayAbove(path, options) === undefined) {
      return file;
    }
    const found = file === undefined ? await this.stat(path, options) : undefined;
    throw missing(this.#place("open", path), "file", found?.kind);
  }

  async load(given: string, options: CallOptions = {}): Promise<unknown> {
    const path = parse(given);
    const stored = await this.#lookup.untilStable(
      path,
      async () =>
        await readStored(this.#files, path, options) ??
          ((await this.#files.stat(path, options))?.kind === "file" ? "file" : undefined),
    );
    if (stored === "file") return undefined;
    if (stored !== undefined) return valueOf(stored);
    const found = await follow(this.#files, path, options);
    if (found === undefined || found.path === path) return undefined;
    const linked = await this.#lookup.untilStable(
      found.path,
      () => readStored(this.#files, found.path, options),
    );
    return linked && valueOf(linked);
  }

  async save(
    given: string,
    value: unknown,
    { mode = "overwrite", ...options }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parse(given);
    const why = this.#place("save", path);
    if (!isArrayValue(value)) {
      const state = "the value is neither an array nor an image";
      const hint = "Use createFileManager(), which saves other values as files.";
      throw unsupported("save", `${shown(path)} in zarr`, state, { hint, key: path });
    }
    const wanted = { ...arrayOf(value, this.#arrays), ...options };
    const entry = fileEntry(path, wanted.array);
    await this.#checkAbove(path, why, options);
    return await this.#change(path, why, async (own, check) => {
      const seen = await this.#lookup.once(path, options);
      if (path === "" || seen?.entry.kind === "folder") throw inTheWay(why, path, "folder");
      if (seen !== undefined && mode === "create") throw taken(why, seen.entry.kind);
      await writeArray(this.#files, worksOf(own).made, wanted);
      await placeMade(this.#files, own, why, { seen, isArray: true, check, ...options });
      return entry;
    });
  }

  async write(
    given: string,
    content: Content,
    { mode = "overwrite", ...options }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parse(given);
    const why = this.#place("write", path);
    const seen = await this.#lookup.at(path, options);
    if (seen === undefined) await this.#checkFree(why, options);
    if (seen?.array === undefined) {
      return await this.#files.write(path, content, { mode, ...options });
    }
    if (mode === "create") throw taken(why, "file");
    return await this.#change(path, why, async (own, check) => {
      const now = await this.#lookup.once(path, options); // after earlier changes
      if (now?.array === undefined) return await this.#files.write(path, content, options);
      const entry = await this.#files.write(worksOf(own).made, content, options);
      await placeMade(this.#files, own, why, { seen: now, isArray: false, check, ...options });
      return { ...entry, path };
    });
  }

  async createFolder(given: string, options: CallOptions = {}): Promise<void> {
    const path = parse(given);
    const why = this.#place("create folder", path);
    const seen = await this.#lookup.at(path, options);
    if (seen?.array !== undefined) throw inTheWay(why, path, "file");
    if (seen === undefined) await this.#checkFree(why, options);
    await this.#files.createFolder(path, options);
  }

  async createLink(given: string, target: string, options: CallOptions = {}): Promise<void> {
    const path = parse(given);
    const why = this.#place("create link", path);
    await this.#checkNothing(why, options);
    await this.#files.createLink(path, parse(target), options);
  }

  async remove(given: string, options: CallOptions = {}): Promise<boolean> {
    const path = parse(given);
    const why = this.#place("remove", path);
    const seen = await this.#lookup.at(path, options);
    if (seen === undefined) return false;
    if (path === "") throw notEmpty(why);
    if (seen.array === undefined) return await this.#files.remove(path, options);
    return await this.#change(path, why, async (own) => {
      const now = await this.#lookup.once(path, options); // after earlier changes
      if (now?.array === undefined) {
        return now !== undefined && await this.#files.remove(path, options);
      }
      await removeArray(this.#files, path, { apart: worksOf(own).made, ...options });
      return true;
    });
  }

  async move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const [path, target] = [parse(from), parse(to)];
    const why = this.#place("move", path);
    const seen = await this.#lookup.at(path, options);
    if (path === "" || seen === undefined) throw missing(why, "anything");
    if (target.startsWith(`${path}/`)) throw intoItself(why);
    const there = { ...why, path: target };
    await this.#checkNothing(there, options);
    if (seen.array === undefined) return await this.#files.move(path, target, options);
    await this.#moveArray(why, there, options);
  }

  async copyFile(from: string, to: string, { signal }: CallOptions = {}): Promise<void> {
    const path = parse(from);
    if (await seenArray(this.#files, path, { signal }) !== undefined) {
      return await this.#copyArray(path, parse(to), { signal });
    }
    const file = await this.open(path, { signal });
    const content = { size: file.size, stream: () => file.stream() };
    await this.write(to, content, { mode: "create", signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  #place(action: string, path: string): PathPlace {
    return { action, path, location: this.location };
  }

  /** Changes an array after earlier changes of this program, and while no other changes it. */
  async #change<T>(path: string, why: PathPlace, task: ArrayTask<T>): Promise<T> {
    return await this.#serial(path, () => this.#locks.hold({ path }, why, task));
  }

  async #checkAbove(path: string, why: PathPlace, options: CallOptions): Promise<void> {
    const above = await this.#lookup.arrayAbove(path, options);
    if (above !== undefined) throw inTheWay(why, above, "file");
  }

  /** Throws `Conflict` if a path is in an array, or another process places an array there. */
  async #checkFree(why: PathPlace, options: CallOptions): Promise<void> {
    const { path } = why;
    const checkHeld = async () => {
      if (path === "" || !await this.#locks.isHeld(path)) return;
      await this.#locks.hold({ path }, why, () => Promise.resolve());
    };
    await Promise.all([this.#checkAbove(path, why, options), checkHeld()]);
  }

  async #checkNothing(why: PathPlace, options: CallOptions): Promise<void> {
    const there = await this.#lookup.at(why.path, options);
    if (there !== undefined) throw taken(why, there.entry.kind);
    await this.#checkFree(why, options);
  }

  async #checkFolder(path: string, options: CallOptions): Promise<void> {
    await this.#locks.recoverAll();
    const seen = await this.#lookup.at(path, options);
    if (path !== "" && seen?.entry.kind !== "folder") {
      throw missing(this.#place("list", path), "folder", seen?.entry.kind);
    }
  }

  async #moveArray(why: PathPlace, there: PathPlace, options: CallOptions): Promise<void> {
    const [path, target] = [why.path, there.path];
    const [first, second] = path < target ? [path, target] : [target, path];
    const run: ArrayTask<void> = async (own) => {
      const now = await this.#lookup.once(path, options);
      if (now === undefined) throw missing(why, "anything");
      if (now.array === undefined) return await this.#files.move(path, target, options);
      const apart = worksOf(own).document;
      await moveArray(this.#files, path, { to: target, apart, ...options });
    };
    const hold = () =>
      this.#locks.hold(
        { path, to: target },
        why,
        (own, check) =>
          this.#locks.hold({ path: target, from: path }, there, () => run(own, check)),
      );
    await this.#serial(first, () => this.#serial(second, hold));
  }

  async #copyArray(path: string, target: string, options: CallOptions): Promise<void> {
    const why = this.#place("copy", path);
    const there = { ...why, path: target };
    await this.#change(target, there, async (own, check) => {
      if (!await copyArray(this.#files, path, { to: worksOf(own).made, ...options })) {
        throw missing(why, "file");
      }
      const found = await this.#lookup.once(target, options);
      if (found !== undefined) throw taken(there, found.entry.kind);
      await this.#checkAbove(target, why, options);
      await placeMade(this.#files, own, there, { isArray: true, check, ...options });
    });
  }
}
