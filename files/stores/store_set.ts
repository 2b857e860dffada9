// File stores by name: each is made when it is first used, once.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/backend.ts";
import type {
  AnyFileStore,
  FileEntry,
  FileStore as FileStoreContract,
  FileToDecode,
  WriteFileOptions,
} from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";
import { createLookup } from "../../core/lookup.ts";
import { shown } from "../../core/naming/names.ts";

/** Makes a store. */
export type FileStoreFactory = () => AnyFileStore | Promise<AnyFileStore>;

/** A store of one's own, as {@linkcode defineFileStore} takes it. */
export interface FileStoreDefinition {
  /** What it is asked for by: lower case. */
  name: string;
  create: FileStoreFactory;
}

/** A class of stores of one's own: `class Mine extends FileStore { static storeName = "mine" }`. */
export interface FileStoreClass {
  /** What it is asked for by: lower case. */
  readonly storeName?: string;
  readonly prototype: object;
  new (): AnyFileStore;
}

/** File stores by name. Programs add their own. */
export interface FileStores extends AsyncDisposable {
  /** Adds a store that is made at its first use. A name that is taken is `AlreadyExists`. */
  register(name: string, create: FileStoreFactory): void;
  /** Adds one that was defined, or a class. One that lacks a member is `Invalid`, and the error names what it lacks. */
  register(store: FileStoreDefinition | FileStoreClass): void;
  /** The store: the same for all who ask. A missing one is `NotFound` and lists what there is. */
  get(name: string): Promise<AnyFileStore>;
  /** Whether there is such a store. Nothing is made. */
  has(name: string): boolean;
  /** All names, in the order they were added. Nothing is made. */
  names(): string[];
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

/** What a class of file stores begins with: it has the name of the class, and nothing to dispose of. */
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

/**
 * Creates a set of file stores.
 *
 * @param defaults what there is from the beginning
 * @param aliases other names of these
 */
export function createStoreSet(
  defaults: Record<string, FileStoreFactory>,
  aliases: Record<string, string> = {},
): FileStores {
  const lookup = createLookup<Promise<AnyFileStore>>("file store");
  const nameOf = (name: string) => Object.hasOwn(aliases, name) ? aliases[name] : name;

  function add(name: string, create: FileStoreFactory | undefined): void {
    checkName(name);
    if (typeof create !== "function") throw noFactory(name, create);
    if (Object.hasOwn(aliases, name)) throw aliasTaken(name, aliases[name]);
    lookup.registerLazy(
      name,
      () => Promise.resolve().then(create).then((store) => checked(name, store)),
    );
  }

  for (const [name, create] of Object.entries(defaults)) add(name, create);
  return {
    register(store: string | FileStoreDefinition | FileStoreClass, create?: FileStoreFactory) {
      if (typeof store === "string") add(store, create);
      else if (typeof store === "function") registerClass(store);
      else add(store?.name, store?.create);
    },
    get: async (name) => await lookup.get(nameOf(name)),
    has: (name) => lookup.has(nameOf(name)),
    names: () => lookup.names(),
    [Symbol.asyncDispose]: () => lookup[Symbol.asyncDispose](),
  };

  function registerClass(Class: FileStoreClass): void {
    const { storeName } = Class;
    if (storeName === undefined) {
      throw fault({
        code: "Invalid",
        action: "register the class",
        subject: Class.name,
        state: "it has no static storeName",
        hint:
          `Add static storeName = "${Class.name.toLowerCase()}", or register(name, () => new ${Class.name}()).`,
      });
    }
    const lacking = lackingOf(Class.prototype);
    if (lacking.length > 0) throw incomplete(storeName, lacking);
    add(storeName, () => new Class());
  }
}

/** The stores of a plain object, which whoever made them disposes of. */
export function storesOf(stores: Record<string, AnyFileStore>): FileStores {
  for (const [name, store] of Object.entries(stores)) checked(name, store);
  const set = createStoreSet({});
  const known = createLookup<AnyFileStore>("file store", stores);
  return {
    ...set,
    register: set.register,
    get: async (name) =>
      known.has(name) ? known.get(name) : set.has(name) ? await set.get(name) : known.get(name),
    has: (name) => known.has(name) || set.has(name),
    names: () => [...known.names(), ...set.names()],
  };
}

/** Which members an object lacks to be a store that reads, reads and writes, or takes values. */
function lackingOf(store: object): string[] {
  const has = (member: string) => typeof (store as Record<string, unknown>)[member] === "function";
  if (!READS.some(has) && !WRITES.some(has)) return has("save") ? [] : [...READS, ...WRITES];
  const wanted = WRITES.some(has) || store instanceof FileStore ? [...READS, ...WRITES] : READS;
  return wanted.filter((member) => !has(member));
}

function checked(name: string, store: AnyFileStore): AnyFileStore {
  const lacking = typeof store === "object" && store !== null
    ? lackingOf(store)
    : [...READS, ...WRITES];
  if (lacking.length > 0) throw incomplete(name, lacking);
  return store;
}

function incomplete(name: string, lacking: string[]): RegistryError {
  return fault({
    code: "Invalid",
    action: "register file store",
    subject: shown(name),
    state: `it lacks ${lacking.join(", ")}`,
    hint:
      `A store that is only read has ${
        READS.join(", ")
      }; one for values only has save; others have all of them. ` +
      "Those of a class are methods: stat(path) { … }, not stat = (path) => ….",
  });
}

function noFactory(name: string, given: unknown): RegistryError {
  const what = given === undefined
    ? "nothing makes it"
    : `it is given ${described(given)}, and nothing that makes it`;
  return fault({
    code: "Invalid",
    action: "register file store",
    subject: shown(name),
    state: what,
    hint: "Give it a function that returns the store: register(name, () => store).",
  });
}

function aliasTaken(name: string, other: string): RegistryError {
  return fault({
    code: "AlreadyExists",
    action: "register file store",
    subject: shown(name),
    state: `it is another name of ${shown(other)}`,
    hint: "Take another name.",
  });
}

function checkName(name: string): void {
  if (typeof name === "string" && /^[a-z][a-z0-9_-]*$/.test(name)) return;
  throw fault({
    code: "Invalid",
    action: "register file store",
    subject: shown(name),
    state: "it is no name of a store",
    hint: "A name begins with a lower case letter and has lower case letters, digits, - and _.",
  });
}
