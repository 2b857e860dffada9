// File stores by name; each is created at its first use.
import { checkCount, type ErrorCode, fault, invalid } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/backend.ts";
import type {
  AnyFileStore,
  FileEntry,
  FileStore as FileStoreContract,
  FileToDecode,
  WriteFileOptions,
} from "../../core/file_store.ts";
import { described } from "../../core/text/described.ts";
import { createLookup } from "../../core/lookup.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";

/** Creates a store. */
export type FileStoreFactory = () => AnyFileStore | Promise<AnyFileStore>;

/** A store of your own, for {@linkcode defineFileStore}. */
export interface FileStoreDefinition {
  /** Lower case. */
  name: string;
  create: FileStoreFactory;
}

/** A class of your own: `class Mine extends FileStore { static storeName = "mine" }`. */
export interface FileStoreClass {
  /** Lower case. */
  readonly storeName?: string;
  readonly prototype: object;
  new (): AnyFileStore;
}

/** File stores by name, to which you can add your own. Iterates over the names. */
export interface FileStores extends AsyncDisposable, Iterable<string> {
  /** Adds a store, created at its first use. A name in use is `AlreadyExists`. */
  register(name: string, create: FileStoreFactory): void;
  /** Adds a definition or a class. A missing member is `Invalid`, and the error names it. */
  register(store: FileStoreDefinition | FileStoreClass): void;
  /** As a decorator, adds a class once its static fields are there. */
  register(store: FileStoreClass, context: ClassDecoratorContext): void;
  /** Returns the shared instance of a store. An unknown name is `NotFound`, with all names. */
  get(name: string): Promise<AnyFileStore>;
  /** True if the name is known. Creates nothing. */
  has(name: string): boolean;
  /** Lists all names in the order of their addition. Creates nothing. */
  names(): string[];
  /** Iterates over the names. */
  keys(): IterableIterator<string>;
  /** Closes the stores that were created, as `await using` does. */
  close(): Promise<void>;
}

const READS = ["stat", "list", "open"];
const WRITES = ["write", "createFolder", "createLink", "remove", "move"];

/**
 * Defines a file store of your own.
 *
 * @example
 * ```ts
 * import { createFileManager, createFileStores, createMemoryFiles, defineFileStore } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * stores.register(defineFileStore({ name: "scratch", create: () => createMemoryFiles() }));
 * const files = await createFileManager(stores).on("scratch");
 * await files.save("a.json", { depth: 12 });
 * assertEquals(await files.load("a.json"), { depth: 12 });
 * ```
 */
export function defineFileStore(definition: FileStoreDefinition): FileStoreDefinition {
  const { name, create } = definition;
  checkName(name);
  if (typeof create !== "function") throw noFactory(name, create);
  return definition;
}

/** The base of file store classes: named after the class, with nothing to dispose of. */
export abstract class FileStore implements FileStoreContract {
  static readonly storeName?: string;

  get name(): string {
    return (this.constructor as FileStoreClass).storeName ?? this.constructor.name;
  }

  get location(): string {
    return `${this.name}:`;
  }

  abstract stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  abstract list(folder: string, options?: CallOptions): AsyncIterable<FileEntry>;
  abstract open(path: string, options?: CallOptions): Promise<FileToDecode>;
  abstract write(
    path: string,
    content: FileToSave["content"],
    options?: WriteFileOptions,
  ): Promise<FileEntry>;
  abstract createFolder(path: string, options?: CallOptions): Promise<void>;
  abstract createLink(path: string, target: string, options?: CallOptions): Promise<void>;
  abstract remove(path: string, options?: CallOptions): Promise<boolean>;
  abstract move(from: string, to: string, options?: CallOptions): Promise<void>;

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Creates a set of file stores, with aliases of their names. It disposes of those it creates. */
export function createStoreSet(
  defaults: Record<string, FileStoreFactory>,
  aliases: Record<string, string> = {},
  openStores: Record<string, AnyFileStore> = {},
): FileStores {
  const promises = Object.entries(openStores).map((
    [name, store],
  ) => [name, Promise.resolve(store)]);
  const lookup = createLookup<Promise<AnyFileStore>>("file store", Object.fromEntries(promises));
  const aliased = new Map(Object.entries(aliases));
  const nameOf = (name: string) => aliased.get(name) ?? name;

  function add(name: string, create: FileStoreFactory | undefined): void {
    checkName(name);
    if (typeof create !== "function") throw noFactory(name, create);
    if (aliased.has(name)) {
      const state = `it is an alias of ${shown(aliased.get(name))}`;
      throw unregistered(name, state, "Choose another name.", "AlreadyExists");
    }
    const make = () => Promise.resolve().then(create).then((store) => checked(name, store));
    lookup.registerLazy(name, make);
  }

  for (const [name, create] of Object.entries(defaults)) add(name, create);
  return {
    register(
      store: string | FileStoreDefinition | FileStoreClass,
      more?: FileStoreFactory | ClassDecoratorContext,
      ...rest: never[]
    ) {
      checkCount("register file store", [store, more, ...rest], 2);
      if (typeof store === "string") add(store, more as FileStoreFactory | undefined);
      else if (isDecorating(more)) {
        more.addInitializer(() => registerClass(store as FileStoreClass));
      } else if (typeof store === "function") registerClass(store);
      else add(store?.name, store?.create);
    },
    get: async (name) => await lookup.get(nameOf(name)),
    has: (name) => lookup.has(nameOf(name)),
    names: () => lookup.names(),
    keys: () => lookup.names().values(),
    [Symbol.iterator]: () => lookup[Symbol.iterator](),
    async close() {
      await this[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => lookup[Symbol.asyncDispose](),
  };

  function registerClass(Class: FileStoreClass): void {
    const { storeName, name } = Class;
    if (storeName === undefined) {
      throw invalid("register class", shown(name), "it has no static storeName", {
        hint: `Add static storeName = "${name.toLowerCase() || "mine"}".`,
      });
    }
    const lacking = lackingOf(Class.prototype);
    if (lacking.length > 0) throw incomplete(storeName, lacking);
    add(storeName, () => new Class());
  }
}

function isDecorating(value: unknown): value is ClassDecoratorContext {
  return typeof value === "object" && value !== null && "addInitializer" in value;
}

/** Returns the stores of a plain object or a map as a set. Their owner disposes of them. */
export function storesOf(
  stores: Record<string, AnyFileStore> | Map<string, AnyFileStore>,
): FileStores {
  const byName = stores instanceof Map ? Object.fromEntries(stores) : stores;
  for (const [name, store] of Object.entries(byName)) checked(name, store);
  return createStoreSet({}, {}, byName);
}

/** Lists the members that an object lacks to be a store that reads, writes, or accepts values. */
function lackingOf(store: object): string[] {
  const has = (member: string) => typeof (store as Record<string, unknown>)[member] === "function";
  if (has("save") && has("load") && !has("open") && !has("write")) return []; // of values
  if (!READS.some(has) && !WRITES.some(has)) return has("save") ? [] : [...READS, ...WRITES];
  const members = WRITES.some(has) || store instanceof FileStore ? [...READS, ...WRITES] : READS;
  return members.filter((member) => !has(member));
}

function checked(name: string, store: AnyFileStore): AnyFileStore {
  const lacking = typeof store === "object" && store !== null
    ? lackingOf(store)
    : [...READS, ...WRITES];
  if (lacking.length > 0) throw incomplete(name, lacking);
  return store;
}

function incomplete(name: string, lacking: string[]): RegistryError {
  const hint = `Implement ${READS.join(", ")} to read and the others to write, or save and load. ` +
    "Classes need methods: stat(path) { … }, not stat = (path) => ….";
  return unregistered(name, `missing ${lacking.join(", ")}`, hint);
}

function noFactory(name: string, value: unknown): RegistryError {
  const state = value === undefined ? "create is missing" : `${described(value)} is not a function`;
  return unregistered(name, state, "Pass a function: register(name, () => store).");
}

function checkName(name: string): void {
  if (typeof name === "string" && /^[a-z][a-z0-9_-]*$/.test(name)) return;
  const hint = "Use lower case letters, digits, - and _; begin with a letter.";
  throw unregistered(name, "invalid name", hint);
}

function unregistered(
  name: string,
  state: string,
  hint: string,
  code: ErrorCode = "Invalid",
): RegistryError {
  return fault({ code, action: "register file store", subject: shown(name), state, hint });
}
