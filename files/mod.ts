/**
 * Files by path on stores by name: the same calls in memory, on a disk and in a bucket.
 *
 * @module
 */
import { driverOf } from "../backends/drivers.ts";
import type { Backend } from "../core/backend.ts";
import { fault, invalid, type RegistryError } from "../core/errors.ts";
import type { AnyFileStore } from "../core/file_store.ts";
import { described } from "../core/text/described.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { BatchResult } from "../core/registry.ts";
import { isStoreUrl } from "../core/urls/store_url.ts";
import { createFormats, type Formats } from "../formats/mod.ts";
import { createBucketFiles } from "./bucket.ts";
import { createLocalFiles } from "./local.ts";
import { createMemoryFiles } from "./memory.ts";
import { createStoreSet, type FileStores, storesOf } from "./stores/store_set.ts";
import { checkedFiles, FILE_VERBS, type FileVerb } from "./verbs/check_verbs.ts";
import { createFiles, type Files, type LoadBatchOptions } from "./verbs/files.ts";
import type { LoadFileOptions } from "./verbs/values.ts";

export type {
  AnyFileStore,
  FileEntry,
  FileKind,
  FileSink,
  FileToDecode,
  ReadableFileStore,
  ValueFileStore,
} from "../core/file_store.ts";
export type { FileStore as FileStoreContract, WriteFileOptions } from "../core/file_store.ts";
export { createBucketFiles, createLocalFiles, createMemoryFiles };
export type { BucketFilesOptions } from "./bucket.ts";
export type { LocalFilesOptions } from "./local.ts";
export { bytesFile, contentBytes } from "../formats/content/content.ts";
export { defineFileStore, FileStore } from "./stores/store_set.ts";
export type {
  FileStoreClass,
  FileStoreDefinition,
  FileStoreFactory,
  FileStores,
} from "./stores/store_set.ts";
export type { Files, FileValue, LoadBatchOptions } from "./verbs/files.ts";
export type { FormatChoice, LoadFileOptions, SaveFileOptions } from "./verbs/values.ts";
export type { FolderContent, ListFilesOptions } from "./verbs/listing.ts";
export type { MirroredLinks, MirrorLinksOptions } from "./verbs/changes.ts";

/** A bucket: its URL for `openBackend`, or a function that opens it. */
export type BucketChoice = string | (() => Backend | Promise<Backend>);

/** Options of {@linkcode createFileStores}. */
export interface FileStoresOptions {
  /** The folder of the stores `disk` and `zarr`. @default the current folder */
  root?: string;
  /** The bucket of `s3`: `"s3://bucket/prefix"`, or a compatible one: `"minio://bucket"`. */
  s3?: BucketChoice;
  /** The bucket of `gcs`: `"gs://bucket/prefix"`. */
  gcs?: BucketChoice;
}

const STORES: OptionNames<FileStoresOptions> = { root: true, s3: true, gcs: true };

/**
 * Creates a set of file stores: `memory`, `disk` (alias `local`), `zarr` (the folder of `disk`,
 * with arrays and images in zarr), `s3` and `gcs`. You can add your own. Each is created at its
 * first use and disposed of with the set. Using `s3` or `gcs` without a bucket is `Invalid`.
 *
 * @example
 * ```ts
 * import { createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores({ root: "./data", s3: "s3://bucket/plates" });
 * assertEquals(stores.names(), ["memory", "disk", "zarr", "s3", "gcs"]);
 * assertEquals(stores.has("local"), true);
 * ```
 */
export function createFileStores(options: FileStoresOptions = {}): FileStores {
  const { root, s3, gcs } = checkOptions("create file stores", options, STORES);
  return createStoreSet({
    memory: () => createMemoryFiles(),
    disk: () => createLocalFiles({ root }),
    zarr: async () =>
      (await import("./zarr.ts")).createZarrFiles({ files: createLocalFiles({ root }) }),
    s3: async () => createBucketFiles({ backend: await openBucket("s3", s3), name: "s3" }),
    gcs: async () => createBucketFiles({ backend: await openBucket("gcs", gcs), name: "gcs" }),
  }, { local: "disk" });
}

async function openBucket(name: "s3" | "gcs", bucket: BucketChoice | undefined): Promise<Backend> {
  if (typeof bucket === "function") return await bucket();
  const example = `${name === "gcs" ? "gs" : "s3"}://bucket/prefix`;
  // A path would open a folder, and the other scheme another store than its name.
  const isBucket = typeof bucket === "string" && isStoreUrl(bucket) &&
    (driverOf(bucket).driver?.kind ?? name) === name;
  if (isBucket) return await (await import("../backends/mod.ts")).openBackend(bucket);
  const state = bucket === undefined ? "its bucket is missing" : "invalid bucket URL";
  const hint = `Pass one: createFileStores({ ${name}: "${example}" }).`;
  throw fault({ code: "Invalid", action: "use file store", subject: `"${name}"`, state, hint });
}

/** The methods of {@linkcode Files}, with a store by name. */
export interface FileManager extends FileVerbs {
  readonly stores: FileStores;
  readonly formats: Formats;
  on(store: string): Promise<Files>;
  /** Loads a file, by its extension or as requested: `{ store: "disk", as: "bytes" }`. */
  load<T = unknown>(path: string, options: LoadFileOptions<T> & StoreChoice): Promise<T>;
  /** Loads files concurrently; returns the outcome of each, in the order of the paths. */
  loadBatch<T = unknown>(
    paths: Iterable<string>,
    options: LoadBatchOptions<T> & StoreChoice,
  ): Promise<BatchResult<T>>;
}

/** The store of a call, by name. */
export interface StoreChoice {
  store: string;
}

/** A method of {@linkcode Files} whose options are required and name a store. */
export type StoreVerb<F> = F extends (...args: infer Args) => infer Result
  ? (...args: WithStore<Args>) => Result
  : never;

/** Arguments whose last one, the options, also names a store. */
export type WithStore<Args extends unknown[]> = Required<Args> extends
  [...infer Rest, infer Options] ? [...Rest, NonNullable<Options> & StoreChoice]
  : never;

/** The methods with `{ store: "disk" }` among their options, except those with type parameters. */
export type FileVerbs = {
  [V in Exclude<keyof Files, "store" | "load" | "loadBatch">]: StoreVerb<Files[V]>;
};

/**
 * Creates a file manager: files by path on stores by name.
 *
 * @param stores a set, or a plain object of open stores
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
 * assertEquals(await files.load("plate/A01_w2.npy", { store: "memory" }), plane);
 * ```
 */
export function createFileManager(
  stores: FileStores | Record<string, AnyFileStore> | Map<string, AnyFileStore>,
  { formats = createFormats() }: {
    /** The formats of files. @default all built-in ones */
    formats?: Formats;
  } = {},
): FileManager {
  const set = isSet(stores) ? stores : storesOf(stores);
  const opened = new WeakMap<AnyFileStore, Files>();
  const on = async (name: string) => {
    if (typeof name !== "string") {
      throw noStore("get the files of a store", 'Write await manager.on("disk").');
    }
    const store = await set.get(name);
    const files = opened.get(store) ?? checkedFiles(createFiles(store, formats));
    opened.set(store, files);
    return files;
  };
  const verbs = Object.fromEntries(
    (Object.keys(FILE_VERBS) as FileVerb[])
      .map((verb) => [verb, verb === "walkFiles" ? walk : call(verb)]),
  );
  return { stores: set, formats, on, ...verbs as unknown as Pick<FileManager, FileVerb> };

  function call(verb: Exclude<FileVerb, "walkFiles">) {
    return async (...args: unknown[]) => {
      const { store, ...options } = choiceOf(verb, args);
      const action = (await on(store))[verb] as (...args: unknown[]) => Promise<unknown>;
      return await action(...args.slice(0, FILE_VERBS[verb].length), options);
    };
  }

  async function* walk(...args: unknown[]) {
    const { store, ...options } = choiceOf("walkFiles", args);
    yield* (await on(store)).walkFiles(args[0] as string, options);
  }
}

/** Returns the options of a call, never an argument before them, as a value with a `store`. */
function choiceOf(verb: FileVerb, args: unknown[]): StoreChoice {
  const parameters = FILE_VERBS[verb];
  const options = args[parameters.length] as StoreChoice | null | undefined;
  if (typeof options?.store === "string") return options;
  const call = `${verb}(${parameters.join(", ")}, { store: "disk" })`;
  throw noStore(verb, `Write ${call}, or use the files of one store: await manager.on("disk").`);
}

function noStore(action: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action, state: "the name of the store is missing", hint });
}

function isSet(stores: Parameters<typeof createFileManager>[0]): stores is FileStores {
  if (typeof stores === "object" && stores !== null && !Array.isArray(stores)) {
    if (stores instanceof Map) return false;
    return typeof stores.names === "function" && typeof stores.register === "function";
  }
  throw invalid("create a file manager", undefined, `${described(stores)} is not a set of stores`, {
    hint: "Pass createFileStores(), or stores by name: { mine: store }.",
  });
}
