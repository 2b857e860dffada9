// All that is done with the files of one store.
import type { CallOptions } from "../../core/backend.ts";
import type {
  AnyFileStore,
  FileEntry,
  FileStore,
  FileToDecode,
  ReadableFileStore,
} from "../../core/file_store.ts";
import { fault } from "../../core/errors.ts";
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
import { loadFile, loadText, saveFile } from "./values.ts";
import type { KnownFormats, LoadFileOptions, SaveFileOptions } from "./values.ts";

/** A path and the value to save there. */
export interface FileValue {
  path: string;
  value: unknown;
}

/** Options of saving many files. */
export type SaveBatchOptions = SaveFileOptions & ManyOptions;

/** Options of loading many files. */
export type LoadBatchOptions<T = unknown> = LoadFileOptions<T> & ManyOptions;

/** The files of one store. Links to files and folders are followed, but for the last step of what changes something. */
export interface Files {
  readonly store: AnyFileStore;
  /** The value of a file, by its extension or as asked for: `{ as: "bytes" }`. */
  load<T = unknown>(path: string, options?: LoadFileOptions<T>): Promise<T>;
  /** Saves a value as a file, whole or not at all, and makes the folders above. A file that is there is replaced. */
  save(path: string, value: unknown, options?: SaveFileOptions): Promise<FileEntry>;
  /** A file to be read by ranges or as a stream, such as by `readRegion` of an image: nothing is read yet. */
  open(path: string, options?: CallOptions): Promise<FileToDecode>;
  loadText(path: string, options?: CallOptions): Promise<string>;
  /** Loads many, several at once; says what became of each, in the order of the paths. */
  loadBatch<T = unknown>(
    paths: Iterable<string>,
    options?: LoadBatchOptions<T>,
  ): Promise<BatchResult<T>>;
  /** Saves many, several at once; says what became of each, in their order: what failed has changed nothing. */
  saveBatch(
    values: Iterable<FileValue> | AsyncIterable<FileValue>,
    options?: SaveBatchOptions,
  ): Promise<BatchResult<FileEntry>>;
  /** The paths of the files in a folder, in natural order: `a2` before `a10`. */
  listFiles(folder: string, options?: ListFilesOptions): Promise<string[]>;
  /** The same of images, by their extensions. */
  listImageFiles(folder: string, options?: ListFilesOptions): Promise<string[]>;
  /** The files in a folder as they come, in no order and in little memory. */
  walkFiles(folder: string, options?: ListFilesOptions): AsyncIterable<FileEntry>;
  /** The path of the first file of this name below a folder, the least deep one; undefined where there is none. */
  findFileRecursive(
    folder: string,
    name: string,
    options?: CallOptions,
  ): Promise<string | undefined>;
  /** The names of all that is directly in a folder, in natural order. */
  listDir(folder: string, options?: CallOptions): Promise<string[]>;
  /** All folders and files below a folder, each once, by depth. */
  collectDirsAndFiles(
    folder: string,
    options?: CallOptions & { recursive?: boolean },
  ): Promise<FolderContent>;
  /** What is at a path, of a link that it is one; undefined where nothing is. */
  stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /** Whether a file or a folder is at a path, or behind the link there. */
  exists(path: string, options?: CallOptions): Promise<boolean>;
  /** Whether a file is there, or behind the link there. */
  isFile(path: string, options?: CallOptions): Promise<boolean>;
  /** Whether a folder is there, or behind the link there. */
  isDir(path: string, options?: CallOptions): Promise<boolean>;
  /** Whether a link is there. */
  isSymlink(path: string, options?: CallOptions): Promise<boolean>;
  /** Makes a folder and those above it; one that is there is success. */
  ensureDirectory(path: string, options?: CallOptions): Promise<void>;
  /** Makes a link at a path that is free, which comes first. What it leads to, a path of this store, need not exist. */
  createSymlink(path: string, target: string, options?: CallOptions): Promise<void>;
  /** Removes a file, a link or an empty folder; with `recursive` all that is in it. False where nothing was. */
  delete(path: string, options?: CallOptions & { recursive?: boolean }): Promise<boolean>;
  /** Removes a path with all that is below it; what links lead to stays. False where nothing was. */
  deleteAll(path: string, options?: CallOptions): Promise<boolean>;
  /** Copies a file, or a folder with all in it, to a path that is free. */
  copy(from: string, to: string, options?: CallOptions): Promise<void>;
  /** Gives something another path, which must be free. */
  move(from: string, to: string, options?: CallOptions): Promise<void>;
  /** Makes a folder in which each file of another is a link to it. */
  mirrorDirectoryWithSymlinks(
    from: string,
    to: string,
    options?: MirrorLinksOptions,
  ): Promise<MirroredLinks>;
}

export function createFiles(store: AnyFileStore, formats: KnownFormats): Files {
  return new StoreFiles(store, formats);
}

/** Its methods can be handed on without it. */
class StoreFiles implements Files {
  readonly store: AnyFileStore;
  readonly #formats: KnownFormats;

  constructor(store: AnyFileStore, formats: KnownFormats) {
    this.store = store;
    this.#formats = formats;
  }

  readonly load = async <T>(path: string, options: LoadFileOptions<T> = {}): Promise<T> =>
    await loadFile<T>(this.#readable("load", path), path, { ...options, formats: this.#formats });
  readonly save: Files["save"] = async (path, value, options = {}) => {
    const { store } = this;
    if (!("write" in store) && "save" in store) {
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
    await this.#readable("look at", path).stat(path, options);
  readonly exists: Files["exists"] = async (path, options) =>
    await this.#kindOf(path, options) !== undefined;
  readonly isFile: Files["isFile"] = async (path, options) =>
    await this.#kindOf(path, options) === "file";
  readonly isDir: Files["isDir"] = async (path, options) =>
    await this.#kindOf(path, options) === "folder";
  readonly isSymlink: Files["isSymlink"] = async (path, options) =>
    (await this.stat(path, options))?.kind === "link";
  readonly ensureDirectory: Files["ensureDirectory"] = async (path, options) =>
    await this.#writable("make folder", path).createFolder(path, options);
  readonly createSymlink: Files["createSymlink"] = async (path, target, options) =>
    await this.#writable("make link", path).createLink(path, target, options);
  readonly delete: Files["delete"] = async (path, { recursive = false, signal } = {}) => {
    const files = this.#writable("remove", path);
    return recursive
      ? await removeAll(files, path, { signal })
      : await files.remove(path, { signal });
  };
  readonly deleteAll: Files["deleteAll"] = async (path, options) =>
    await removeAll(this.#writable("remove", path), path, options);
  readonly copy: Files["copy"] = async (from, to, options) =>
    await copyAll(this.#writable("copy", from), from, { ...options, to });
  readonly move: Files["move"] = async (from, to, options) =>
    await this.#writable("move", from).move(from, to, options);
  readonly mirrorDirectoryWithSymlinks: Files["mirrorDirectoryWithSymlinks"] = async (
    from,
    to,
    options,
  ) => await mirrorWithLinks(this.#writable("mirror", from), from, { ...options, to });

  #readable(action: string, path: string): ReadableFileStore {
    const { store } = this;
    if ("open" in store) return store;
    throw refused(this.#place(action, path), `${store.name} takes values and gives none`);
  }

  #writable(action: string, path: string): FileStore {
    const { store } = this;
    if ("write" in store) return store;
    const state = "open" in store ? "is read-only" : "only takes values";
    throw refused(this.#place(action, path), `${store.name} ${state}`);
  }

  #place(action: string, path: string): PathPlace {
    return { action, path, location: this.store.location };
  }

  async #kindOf(path: string, options?: CallOptions): Promise<FileEntry["kind"] | undefined> {
    return (await follow(this.#readable("look at", path), path, options))?.kind;
  }
}

/** A text can be iterated too, letter by letter: nobody means that. */
function checkMany(many: unknown, action: string, wanted: string): void {
  const given = many as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (
    typeof given === "object" &&
    (given?.[Symbol.iterator] ?? given?.[Symbol.asyncIterator]) !== undefined
  ) return;
  throw fault({
    code: "Invalid",
    action,
    subject: "a batch",
    state: `it is given ${described(many)}`,
    hint: `Give it an array, or another iterable, of ${wanted}.`,
  });
}

function checkEntry(entry: unknown): FileValue {
  if (typeof entry === "object" && entry !== null && "path" in entry && "value" in entry) {
    return entry as FileValue;
  }
  throw fault({
    code: "Invalid",
    action: "save",
    subject: `${described(entry)} of a batch`,
    state: "it is no { path, value }",
    hint: 'Each is such as { path: "plate/A01.npy", value: plane }.',
  });
}
