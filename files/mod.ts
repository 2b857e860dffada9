/**
 * Files by path, on any store that is named: the same calls in memory, on a disk, and in stores of your own.
 *
 * @module
 */
import { RegistryError } from "../core/errors.ts";
import type { AnyFileStore } from "../core/file_store.ts";
import { createFormats } from "../formats/mod.ts";
import type { Formats } from "../formats/mod.ts";
import { createLocalFiles } from "./local.ts";
import { createMemoryFiles } from "./memory.ts";
import { createStoreSet, storesOf } from "./stores/store_set.ts";
import type { FileStores } from "./stores/store_set.ts";
import { createFiles } from "./verbs/files.ts";
import type { Files } from "./verbs/files.ts";

export type { AnyFileStore, FileEntry, FileKind, FileSink, ReadableFileStore } from "../core/file_store.ts";
export type { FileStore as FileStoreContract, WriteFileOptions } from "../core/file_store.ts";
export { parsePath } from "../core/files/paths.ts";
export { createFormats } from "../formats/mod.ts";
export type { Formats } from "../formats/mod.ts";
export { defineFileStore, FileStore } from "./stores/store_set.ts";
export type { FileStoreClass, FileStoreDefinition, FileStoreFactory, FileStores } from "./stores/store_set.ts";
export type { Files, FileValue, LoadBatchOptions, SaveBatchOptions } from "./verbs/files.ts";
export type { FormatChoice, LoadFileOptions, SaveFileOptions } from "./verbs/values.ts";
export { IMAGE_EXTENSIONS } from "./verbs/listing.ts";
export type { FolderContent, ListFilesOptions } from "./verbs/listing.ts";
export type { MirroredLinks, MirrorLinksOptions } from "./verbs/changes.ts";

/** Options of {@linkcode createFileStores}. */
export interface FileStoresOptions {
  /** The folder of the store `disk`. @default the current folder */
  root?: string;
}

/**
 * Creates a set of file stores: `memory`, and `disk` (also `local`), to which your own can be added. Each is made at its
 * first use, and disposed of with the set.
 *
 * @example
 * ```ts
 * import { createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * assertEquals(stores.names(), ["memory", "disk"]);
 * assertEquals(stores.has("local"), true);
 * ```
 */
export function createFileStores({ root }: FileStoresOptions = {}): FileStores {
  return createStoreSet({ memory: () => createMemoryFiles(), disk: () => createLocalFiles({ root }) }, {
    local: "disk",
  });
}

/** Every verb of {@linkcode Files} with the store that it is about, by name. */
export interface FileManager extends FileVerbs {
  /** The stores. */
  readonly stores: FileStores;
  /** The formats of files. */
  readonly formats: Formats;
  /** The files of one store. */
  on(store: string): Promise<Files>;
}

/** The store of a call, by name. */
export interface StoreChoice {
  /** The name of the store. */
  store: string;
}

/** A verb of {@linkcode Files} with the name of a store among its options, which are no longer optional. */
export type StoreVerb<F> = F extends (...args: infer Args) => infer Result ? (...args: WithStore<Args>) => Result
  : never;

/** Arguments whose last one, the options, also names a store. */
export type WithStore<Args extends unknown[]> = Required<Args> extends [...infer Rest, infer Options]
  ? [...Rest, NonNullable<Options> & StoreChoice]
  : never;

/** The verbs, each with `{ store: "disk" }` among its options. */
export type FileVerbs = { [V in Exclude<keyof Files, "store">]: StoreVerb<Files[V]> };

const VERBS = [
  "load",
  "save",
  "loadText",
  "loadBatch",
  "saveBatch",
  "listFiles",
  "listImageFiles",
  "walkFiles",
  "findFileRecursive",
  "listDir",
  "collectDirsAndFiles",
  "stat",
  "exists",
  "isFile",
  "isDir",
  "isSymlink",
  "ensureDirectory",
  "createSymlink",
  "delete",
  "deleteAll",
  "copy",
  "move",
  "mirrorDirectoryWithSymlinks",
] as const satisfies (keyof FileVerbs)[];

/** Options of {@linkcode createFileManager}. */
export interface FileManagerOptions {
  /** The formats of files. @default all that come with this library */
  formats?: Formats;
}

/**
 * Works with files by path on stores by name.
 *
 * @param stores a set, or a plain object of stores that are there
 *
 * @example
 * ```ts
 * import { createFileManager, createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * const files = createFileManager(stores);
 * const plane = { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" };
 * await files.save("plate/A01_w10.npy", plane, { store: "memory" });
 * await files.save("plate/A01_w2.npy", plane, { store: "memory" });
 * const names = await files.listFiles("plate", { store: "memory", pattern: "A01_*.npy" });
 * assertEquals(names, ["plate/A01_w2.npy", "plate/A01_w10.npy"]);
 * assertEquals(await files.load(names[0], { store: "memory" }), plane);
 * ```
 */
export function createFileManager(
  stores: FileStores | Record<string, AnyFileStore>,
  { formats = createFormats() }: FileManagerOptions = {},
): FileManager {
  const set = isSet(stores) ? stores : storesOf(stores);
  const on = async (name: string) => createFiles(await set.get(name), formats);
  const verbs = Object.fromEntries(VERBS.map((verb) => [verb, verb === "walkFiles" ? walk : call(verb)]));
  return { stores: set, formats, on, ...verbs as unknown as FileVerbs };

  function call(verb: Exclude<keyof FileVerbs, "walkFiles">) {
    return async (...args: unknown[]) => {
      const { store, ...options } = (args.at(-1) ?? {}) as Partial<StoreChoice>;
      if (typeof store !== "string") throw noStore(verb);
      args.pop();
      const action = (await on(store))[verb] as (...args: unknown[]) => Promise<unknown>;
      return await action(...args, options);
    };
  }

  async function* walk(folder: string, { store, ...options }: StoreChoice) {
    yield* (await on(store)).walkFiles(folder, options);
  }
}

function noStore(verb: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot ${verb}: no store is named`,
    hint: 'Add { store: "disk" } as the last argument, or take the files of one store: await manager.on("disk").',
  });
}

function isSet(stores: FileStores | Record<string, AnyFileStore>): stores is FileStores {
  return typeof stores.names === "function" && typeof stores.register === "function";
}
