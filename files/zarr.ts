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
  arrayAt,
  arrayEntry,
  arrayOf,
  fileEntry,
  isArrayValue,
  npyFile,
  readStored,
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
    this.removeFolder = async (rawPath, options = {}) => {
      const path = parse(rawPath);
      const node = await this.#lookup.at(path, options);
      if (node?.array !== undefined) await this.remove(path, options);
      else if (node !== undefined || path === "") await files.removeFolder!(path, options);
    };
  }

  async stat(rawPath: string, options: CallOptions = {}): Promise<FileEntry | undefined> {
    return (await this.#lookup.at(parse(rawPath), options))?.entry;
  }

  async *list(rawPath: string, options: CallOptions = {}): AsyncGenerator<FileEntry> {
    const path = parse(rawPath);
    await this.#checkFolder(path, options);
    const shownEntries = mapAtOnce(this.#files.list(path, options), async (entry) => {
      const array = entry.kind === "folder"
        ? await arrayAt(this.#files, entry.path, options)
        : undefined;
      if (array === undefined) return entry;
      return await arrayEntry(this.#files, entry.path, { array, ...options });
    });
    const entries = (await Array.fromAsync(shownEntries)).filter(({ path }) => path !== WORKS);
    yield* entries.sort(compareEntries);
  }

  async open(rawPath: string, options: CallOptions = {}): Promise<FileToDecode> {
    const path = parse(rawPath);
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
    const entry = file === undefined ? await this.stat(path, options) : undefined;
    throw missing(this.#place("open", path), "file", entry?.kind);
  }

  async load(rawPath: string, options: CallOptions = {}): Promise<unknown> {
    const path = parse(rawPath);
    const stored = await this.#lookup.untilStable(
      path,
      async () =>
        await readStored(this.#files, path, options) ??
          ((await this.#files.stat(path, options))?.kind === "file" ? "file" : undefined),
    );
    if (stored === "file") return undefined;
    if (stored !== undefined) return valueOf(stored);
    const target = await follow(this.#files, path, options);
    if (target === undefined || target.path === path) return undefined;
    const linked = await this.#lookup.untilStable(
      target.path,
      () => readStored(this.#files, target.path, options),
    );
    return linked && valueOf(linked);
  }

  async save(
    rawPath: string,
    value: unknown,
    { mode = "overwrite", ...options }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parse(rawPath);
    const place = this.#place("save", path);
    if (!isArrayValue(value)) {
      const state = "the value is neither an array nor an image";
      const hint = "Use createFileManager(), which saves other values as files.";
      throw unsupported("save", `${shown(path)} in zarr`, state, { hint, key: path });
    }
    const writing = { ...arrayOf(value, this.#arrays), ...options };
    const entry = fileEntry(path, writing.array);
    await this.#checkAbove(path, place, options);
    return await this.#change(path, place, async (own, check) => {
      const node = await this.#lookup.once(path, options);
      if (path === "" || node?.entry.kind === "folder") throw inTheWay(place, path, "folder");
      if (node !== undefined && mode === "create") throw taken(place, node.entry.kind);
      await writeArray(this.#files, worksOf(own).result, writing);
      await placeMade(this.#files, own, place, { node, isArray: true, check, ...options });
      return entry;
    });
  }

  async write(
    rawPath: string,
    content: Content,
    { mode = "overwrite", ...options }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parse(rawPath);
    const place = this.#place("write", path);
    const node = await this.#lookup.at(path, options);
    if (node === undefined) await this.#checkFree(place, options);
    if (node?.array === undefined) {
      return await this.#files.write(path, content, { mode, ...options });
    }
    if (mode === "create") throw taken(place, "file");
    return await this.#change(path, place, async (own, check) => {
      const current = await this.#lookup.once(path, options); // after earlier changes
      if (current?.array === undefined) return await this.#files.write(path, content, options);
      const entry = await this.#files.write(worksOf(own).result, content, options);
      await placeMade(this.#files, own, place, {
        node: current,
        isArray: false,
        check,
        ...options,
      });
      return { ...entry, path };
    });
  }

  async createFolder(rawPath: string, options: CallOptions = {}): Promise<void> {
    const path = parse(rawPath);
    const place = this.#place("create folder", path);
    const node = await this.#lookup.at(path, options);
    if (node?.array !== undefined) throw inTheWay(place, path, "file");
    if (node === undefined) await this.#checkFree(place, options);
    await this.#files.createFolder(path, options);
  }

  async createLink(rawPath: string, target: string, options: CallOptions = {}): Promise<void> {
    const path = parse(rawPath);
    const place = this.#place("create link", path);
    await this.#checkNothing(place, options);
    await this.#files.createLink(path, parse(target), options);
  }

  async remove(rawPath: string, options: CallOptions = {}): Promise<boolean> {
    const path = parse(rawPath);
    const place = this.#place("remove", path);
    const node = await this.#lookup.at(path, options);
    if (node === undefined) return false;
    if (path === "") throw notEmpty(place);
    if (node.array === undefined) return await this.#files.remove(path, options);
    return await this.#change(path, place, async (own) => {
      const current = await this.#lookup.once(path, options); // after earlier changes
      if (current?.array === undefined) {
        return current !== undefined && await this.#files.remove(path, options);
      }
      await removeArray(this.#files, path, { apart: worksOf(own).result, ...options });
      return true;
    });
  }

  async move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const [path, target] = [parse(from), parse(to)];
    const place = this.#place("move", path);
    const node = await this.#lookup.at(path, options);
    if (path === "" || node === undefined) throw missing(place, "anything");
    if (target.startsWith(`${path}/`)) throw intoItself(place);
    const targetPlace = { ...place, path: target };
    await this.#checkNothing(targetPlace, options);
    if (node.array === undefined) return await this.#files.move(path, target, options);
    await this.#moveArray(place, targetPlace, options);
  }

  async copyFile(from: string, to: string, { signal }: CallOptions = {}): Promise<void> {
    const path = parse(from);
    if (await arrayAt(this.#files, path, { signal }) !== undefined) {
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
  async #change<T>(path: string, place: PathPlace, task: ArrayTask<T>): Promise<T> {
    return await this.#serial(path, () => this.#locks.hold({ path }, place, task));
  }

  async #checkAbove(path: string, place: PathPlace, options: CallOptions): Promise<void> {
    const above = await this.#lookup.arrayAbove(path, options);
    if (above !== undefined) throw inTheWay(place, above, "file");
  }

  /** Throws `Conflict` if a path is in an array, or another process places an array there. */
  async #checkFree(place: PathPlace, options: CallOptions): Promise<void> {
    const { path } = place;
    const checkHeld = async () => {
      if (path === "" || !await this.#locks.isHeld(path)) return;
      await this.#locks.hold({ path }, place, () => Promise.resolve());
    };
    await Promise.all([this.#checkAbove(path, place, options), checkHeld()]);
  }

  async #checkNothing(place: PathPlace, options: CallOptions): Promise<void> {
    const occupant = await this.#lookup.at(place.path, options);
    if (occupant !== undefined) throw taken(place, occupant.entry.kind);
    await this.#checkFree(place, options);
  }

  async #checkFolder(path: string, options: CallOptions): Promise<void> {
    await this.#locks.recoverAll();
    const node = await this.#lookup.at(path, options);
    if (path !== "" && node?.entry.kind !== "folder") {
      throw missing(this.#place("list", path), "folder", node?.entry.kind);
    }
  }

  async #moveArray(place: PathPlace, targetPlace: PathPlace, options: CallOptions): Promise<void> {
    const [path, target] = [place.path, targetPlace.path];
    const [first, second] = path < target ? [path, target] : [target, path];
    const run: ArrayTask<void> = async (own) => {
      const current = await this.#lookup.once(path, options);
      if (current === undefined) throw missing(place, "anything");
      if (current.array === undefined) return await this.#files.move(path, target, options);
      const apart = worksOf(own).document;
      await moveArray(this.#files, path, { to: target, apart, ...options });
    };
    const hold = () =>
      this.#locks.hold(
        { path, to: target },
        place,
        (own, check) =>
          this.#locks.hold({ path: target, from: path }, targetPlace, () => run(own, check)),
      );
    await this.#serial(first, () => this.#serial(second, hold));
  }

  async #copyArray(path: string, target: string, options: CallOptions): Promise<void> {
    const place = this.#place("copy", path);
    const targetPlace = { ...place, path: target };
    await this.#change(target, targetPlace, async (own, check) => {
      if (!await copyArray(this.#files, path, { to: worksOf(own).result, ...options })) {
        throw missing(place, "file");
      }
      const occupant = await this.#lookup.once(target, options);
      if (occupant !== undefined) throw taken(targetPlace, occupant.entry.kind);
      await this.#checkAbove(target, place, options);
      await placeMade(this.#files, own, targetPlace, { isArray: true, check, ...options });
    });
  }
}
