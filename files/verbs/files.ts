// The methods on the files of one store.
import type { CallOptions } from "../../core/backend.ts";
import {
  type AnyFileStore,
  type FileEntry,
  type FileStore,
  type FileToDecode,
  isValueStore,
  type ReadableFileStore,
  type ValueFileStore,
} from "../../core/file_store.ts";
import { fault, invalid, notFound } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { type PathPlace, refused } from "../paths/path_errors.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { BatchResult, ManyOptions } from "../../core/registry.ts";
import { described } from "../../core/text/described.ts";
import { collectOutcomes, outcomesOf } from "../../core/work/outcomes.ts";
import { copyAll, mirrorWithLinks, removeAll } from "./changes.ts";
import type { MirroredLinks, MirrorLinksOptions } from "./changes.ts";
import { follow, openFile } from "../paths/follow.ts";
import { collect, findFile, IMAGE_EXTENSIONS, listFiles, listNames, walkFiles } from "./listing.ts";
import type { FolderContent, ListFilesOptions } from "./listing.ts";
import { loadFile, loadText, rememberAt, saveFile } from "./values.ts";
import type { KnownFormats, LoadFileOptions, SaveFileOptions } from "./values.ts";

/** A path and the value to save there. */
export interface FileValue {
  path: string;
  value: unknown;
}

/** Options of `loadBatch`. */
export type LoadBatchOptions<T = unknown> = LoadFileOptions<T> & ManyOptions;

/** The files of one store. Links are followed, except in the last segment of a changed path. */
export interface Files {
  readonly store: AnyFileStore;
  /** Loads the value of a file, by its extension or as requested: `{ as: "bytes" }`. */
  load<T = unknown>(path: string, options?: LoadFileOptions<T>): Promise<T>;
  /** Saves a value as a file, atomically, and creates parent folders. Replaces an existing file. */
  save(path: string, value: unknown, options?: SaveFileOptions): Promise<FileEntry>;
  /** Opens a file for ranges or a stream, as for `readRegion` of an image. Reads nothing yet. */
  open(path: string, options?: CallOptions): Promise<FileToDecode>;
  loadText(path: string, options?: CallOptions): Promise<string>;
  /** Loads files concurrently; returns the outcome of each, in the order of the paths. */
  loadBatch<T = unknown>(
    paths: Iterable<string>,
    options?: LoadBatchOptions<T>,
  ): Promise<BatchResult<T>>;
  /** Saves values concurrently; returns the outcome of each. A failed one changed nothing. */
  saveBatch(
    values: Iterable<FileValue> | AsyncIterable<FileValue>,
    options?: SaveFileOptions & ManyOptions,
  ): Promise<BatchResult<FileEntry>>;
  /** Lists the paths of the files in a folder, in natural order: `a2` before `a10`. */
  listFiles(folder: string, options?: ListFilesOptions): Promise<string[]>;
  /** Lists images, by extension. */
  listImageFiles(folder: string, options?: ListFilesOptions): Promise<string[]>;
  /** Iterates over the files in a folder, unsorted, in constant memory. */
  walkFiles(folder: string, options?: ListFilesOptions): AsyncIterable<FileEntry>;
  /** Returns the path of the shallowest file with this name below a folder, if any. */
  findFileRecursive(
    folder: string,
    name: string,
    options?: CallOptions,
  ): Promise<string | undefined>;
  /** Lists the names of everything directly in a folder, in natural order. */
  listDir(folder: string, options?: CallOptions): Promise<string[]>;
  /** Lists all folders and files below a folder, by depth. */
  collectDirsAndFiles(
    folder: string,
    options?: CallOptions & { recursive?: boolean },
  ): Promise<FolderContent>;
  /** Returns the entry at a path, without following a link there; undefined if there is none. */
  stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /** True if a file or folder is at a path, or behind a link there. */
  exists(path: string, options?: CallOptions): Promise<boolean>;
  /** True if a file is at a path, or behind a link there. */
  isFile(path: string, options?: CallOptions): Promise<boolean>;
  /** True if a folder is at a path, or behind a link there. */
  isDir(path: string, options?: CallOptions): Promise<boolean>;
  isSymlink(path: string, options?: CallOptions): Promise<boolean>;
  /** Creates a folder and its parents. An existing one is a success. */
  ensureDirectory(path: string, options?: CallOptions): Promise<void>;
  /** Creates a link at `path`, which must be free. `target` is a path in this store, or missing. */
  createSymlink(path: string, target: string, options?: CallOptions): Promise<void>;
  /** Removes a file, link or empty folder; with `recursive` its content too. False if absent. */
  delete(path: string, options?: CallOptions & { recursive?: boolean }): Promise<boolean>;
  /** Removes a path and everything below it, not the targets of links. False if absent. */
  deleteAll(path: string, options?: CallOptions): Promise<boolean>;
  /** Copies a file, or a folder with its content, to a free path. */
  copy(from: string, to: string, options?: CallOptions): Promise<void>;
  /** Moves a file, folder or link to a free path. */
  move(from: string, to: string, options?: CallOptions): Promise<void>;
  /** Creates a folder with a link to each file of another one. */
  mirrorDirectoryWithSymlinks(
    from: string,
    to: string,
    options?: MirrorLinksOptions,
  ): Promise<MirroredLinks>;
}

export function createFiles(store: AnyFileStore, formats: KnownFormats): Files {
  return new StoreFiles(store, formats);
}

/** The methods are properties, so that they work without the object. */
class StoreFiles implements Files {
  readonly store: AnyFileStore;
  readonly #formats: KnownFormats;

  constructor(store: AnyFileStore, formats: KnownFormats) {
    this.store = store;
    this.#formats = formats;
  }

  readonly load = async <T>(path: string, options: LoadFileOptions<T> = {}): Promise<T> => {
    const { store } = this;
    if (isValueStore(store)) return await loadValue(store, path, options) as T;
    const settings = { ...options, formats: this.#formats };
    return await loadFile<T>(this.#readable("load", path), path, settings);
  };
  readonly save: Files["save"] = async (path, value, options = {}) => {
    const { store } = this;
    if (!("write" in store) && "save" in store) {
      if (isValueStore(store)) checkValueCall(store, this.#place("save", path), options);
      return await store.save(parsePath(path), value, options);
    }
    const files = this.#writable("save", path);
    return await saveFile(files, path, { ...options, value, formats: this.#formats });
  };
  readonly open: Files["open"] = async (path, options) =>
    await openFile(this.#readable("open", path), path, { action: "open", ...options });
  readonly loadText: Files["loadText"] = async (path, options) =>
    await loadText(this.#readable("load", path), path, options);
  readonly loadBatch = async <T>(
    paths: Iterable<string>,
    { as, ...options }: LoadBatchOptions<T> = {},
  ): Promise<BatchResult<T>> => {
    const { signal } = options;
    checkMany(paths, "load", "paths");
    const loaded = outcomesOf(paths, (path) => this.load<T>(path, { as, signal }), options);
    return await collectOutcomes(loaded, { signal });
  };
  readonly saveBatch: Files["saveBatch"] = async (values, { as, mode, ...options } = {}) => {
    const { signal } = options;
    checkMany(values, "save", "{ path, value }");
    const saveOne = async (entry: FileValue) => {
      const { path, value } = checkEntry(entry);
      return await this.save(path, value, { as, mode, signal });
    };
    return await collectOutcomes(outcomesOf(values, saveOne, options), { signal });
  };
  readonly listFiles: Files["listFiles"] = async (folder, options) =>
    await listFiles(this.#readable("list", folder), folder, options);
  readonly listImageFiles: Files["listImageFiles"] = async (folder, options) =>
    await this.listFiles(folder, { extensions: IMAGE_EXTENSIONS, ...options });
  readonly walkFiles: Files["walkFiles"] = (folder, options) =>
    walkFiles(this.#readable("list", folder), folder, options);
  readonly findFileRecursive: Files["findFileRecursive"] = async (folder, name, options) =>
    await findFile(this.#readable("list", folder), folder, { ...options, name });
  readonly listDir: Files["listDir"] = async (folder, options) =>
    await listNames(this.#readable("list", folder), folder, options);
  readonly collectDirsAndFiles: Files["collectDirsAndFiles"] = async (folder, options) =>
    await collect(this.#readable("list", folder), folder, options);
  readonly stat: Files["stat"] = async (path, options) =>
    await this.#readable("inspect", path).stat(path, options);
  readonly exists: Files["exists"] = async (path, options) =>
    await this.#targetOf(path, options) !== undefined;
  readonly isFile: Files["isFile"] = async (path, options) =>
    (await this.#targetOf(path, options))?.kind === "file";
  readonly isDir: Files["isDir"] = async (path, options) =>
    (await this.#targetOf(path, options))?.kind === "folder";
  readonly isSymlink: Files["isSymlink"] = async (path, options) =>
    (await this.stat(path, options))?.kind === "link";
  readonly ensureDirectory: Files["ensureDirectory"] = async (path, options) =>
    await this.#writable("create folder", path).createFolder(path, options);
  readonly createSymlink: Files["createSymlink"] = async (path, target, options) =>
    await this.#writable("create link", path).createLink(path, target, options);
  readonly delete: Files["delete"] = async (path, { recursive = false, signal } = {}) => {
    const files = this.#writable("remove", path);
    return recursive
      ? await removeAll(files, path, { signal })
      : await files.remove(path, { signal });
  };
  readonly deleteAll: Files["deleteAll"] = async (path, options) =>
    await removeAll(this.#writable("remove", path), path, options);
  readonly copy: Files["copy"] = async (from, to, options) => {
    await copyAll(this.#writable("copy", from), from, { ...options, to });
    rememberAt(this.store, from, to);
  };
  readonly move: Files["move"] = async (from, to, options) => {
    await this.#writable("move", from).move(from, to, options);
    rememberAt(this.store, from, to);
  };
  readonly mirrorDirectoryWithSymlinks: Files["mirrorDirectoryWithSymlinks"] = async (
    from,
    to,
    options,
  ) => await mirrorWithLinks(this.#writable("mirror", from), from, { ...options, to });

  #readable(action: string, path: string): ReadableFileStore {
    const { store } = this;
    if ("open" in store) return store as ReadableFileStore;
    if (isValueStore(store)) return readsOf(store, this.#place(action, path));
    throw refused(this.#place(action, path), `${nameOf(store)} is write-only`);
  }

  #writable(action: string, path: string): FileStore {
    const { store } = this;
    if ("write" in store) return store as FileStore;
    if (action === "remove" && isValueStore(store) && store.remove !== undefined) {
      const remove: FileStore["remove"] = async (path, options) =>
        await store.remove!(parsePath(path), options);
      return { ...readsOf(store, this.#place(action, path)), remove } as FileStore;
    }
    const state = "open" in store
      ? "is read-only"
      : isValueStore(store) && action === "remove"
      ? "has no remove"
      : "accepts only values";
    throw refused(this.#place(action, path), `${nameOf(store)} ${state}`);
  }

  #place(action: string, path: string): PathPlace {
    return { action, path, location: this.store.location };
  }

  #targetOf(path: string, options?: CallOptions): Promise<FileEntry | undefined> {
    return follow(this.#readable("inspect", path), path, options);
  }
}

async function loadValue(
  store: ValueFileStore,
  path: string,
  options: LoadFileOptions,
): Promise<unknown> {
  checkValueCall(store, { action: "load", path, location: store.location }, options);
  const value = await store.load(parsePath(path), { signal: options.signal });
  if (value !== undefined) return value;
  const hint = "Check the path: save(path, value) of the store takes it first.";
  throw notFound("load", shown(path), `${nameOf(store)} has no such value`, { key: path, hint });
}

function checkValueCall(
  store: ValueFileStore,
  place: PathPlace,
  { as, signal }: CallOptions & { as?: unknown },
): void {
  signal?.throwIfAborted();
  if (as !== undefined) throw refused(place, `${nameOf(store)} keeps values, which have no format`);
}

/** Returns the name of a store. A class with `save` and `load` alone has only that of its class. */
function nameOf(store: AnyFileStore): string {
  return store.name ?? (store.constructor as { storeName?: string }).storeName ?? "the store";
}

/** Returns the methods of a store of values that read. Those that it lacks are refused by name. */
function readsOf(store: ValueFileStore, place: PathPlace): ReadableFileStore {
  const lacking = (method: string) => refused(place, `${nameOf(store)} has no ${method}`);
  return {
    name: nameOf(store),
    location: store.location,
    stat: async (path, options) => {
      if (path === "") return { path, kind: "folder", size: 0 };
      if (store.stat === undefined) throw lacking("stat");
      return await store.stat(path, options);
    },
    async *list(folder, options) {
      if (store.list === undefined) throw lacking("list");
      yield* store.list(folder, options);
    },
    open: () => Promise.reject(lacking("open")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Rejects strings too: nobody means to iterate over characters. */
function checkMany(many: unknown, action: string, itemKind: string): void {
  const iterable = many as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (
    typeof iterable === "object" &&
    (iterable?.[Symbol.iterator] ?? iterable?.[Symbol.asyncIterator]) !== undefined
  ) return;
  const state = `${described(many)} is not a list`;
  const hint = `Pass an array, or another iterable, of ${itemKind}.`;
  throw fault({ code: "Invalid", action, subject: "a batch", state, hint });
}

function checkEntry(entry: unknown): FileValue {
  if (typeof entry === "object" && entry !== null && "path" in entry && "value" in entry) {
    return entry as FileValue;
  }
  throw invalid("save", `${described(entry)} of a batch`, "path or value is missing", {
    hint: 'Pass { path: "plate/A01.npy", value: plane }.',
  });
}
