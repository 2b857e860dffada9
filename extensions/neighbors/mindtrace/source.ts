// The files of a mindtrace registry, in a folder or a bucket.
import { basename, dirname } from "node:path";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Backend, type CallOptions, openBackend } from "../../../backends/mod.ts";
import {
  fault,
  isStoreUrl,
  joinPath,
  nameOf,
  notFound,
  orMissing,
  shown,
} from "../../../core/kernel.ts";
import type { FileStore } from "../../../formats/zarr.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { createBucketFiles, createLocalFiles } from "../../../files/mod.ts";
import type { FileEntry, FileToDecode, ReadableFileStore } from "../../../files/mod.ts";
import { checkLocalPath } from "../../../core/urls/local_path.ts";

/** Prefix of the files that describe versions. */
export const META = "_meta_";

export const SETTINGS_FILE = "registry_metadata.json";

/** Maximum number of folders that are searched for a registry. */
const MOST_SEARCHED = 100;

/** Maximum number of files of one artifact without a list of files. */
const MAX_FILES = 100_000;

/** The location of a mindtrace registry: a folder, the URL of a bucket, or a store. */
export type MindtraceLocation = string | URL | Backend;

/**
 * The files of a folder. Names such as `a:b` begin like a drive letter, which no store of files
 * accepts: they are reached from the folder above.
 */
export class FolderFiles {
  readonly #own: FileStore;
  readonly #above: FileStore;
  readonly #name: string;

  constructor(folder: string, durability: "disk" | "os" = "os") {
    this.#own = createLocalFiles({ root: folder, durability });
    this.#above = createLocalFiles({ root: dirname(folder), durability });
    this.#name = basename(folder);
  }

  at(path: string): [store: FileStore, path: string] {
    return /^[A-Za-z]:/.test(path) ? [this.#above, joinPath(this.#name, path)] : [this.#own, path];
  }
}

type Place = (path: string) => [store: ReadableFileStore, path: string];

/** The files of a registry. Paths are relative to it. */
export class MindtraceFiles implements AsyncDisposable {
  readonly location: string;
  readonly #at: Place;

  constructor(at: Place, location: string) {
    this.#at = at;
    this.location = location;
  }

  async stat(path: string, options: CallOptions): Promise<FileEntry | undefined> {
    const [store, storePath] = this.#at(path);
    return await store.stat(storePath, options);
  }

  async open(path: string, options: CallOptions): Promise<FileToDecode | undefined> {
    const [store, storePath] = this.#at(path);
    return await orMissing(store.open(storePath, options));
  }

  /** Yields the paths of the files that describe versions, without the prefix `_meta_`. */
  async *metaPaths(options: CallOptions): AsyncGenerator<string> {
    for (const { path, kind } of await this.#names("", options)) {
      if (!path.startsWith(META)) continue;
      if (kind === "file") yield path.slice(META.length);
      // A `/` in a name makes folders.
      if (kind === "folder") {
        for await (const below of this.#walk(path, options)) yield below.slice(META.length);
      }
    }
  }

  async registryBelow(options: CallOptions): Promise<string | undefined> {
    const folders = (await this.#names("", options)).filter(({ kind }) => kind === "folder");
    for (const { path } of folders.slice(0, MOST_SEARCHED)) {
      const settings = this.stat(joinPath(path, SETTINGS_FILE), options);
      if (await settings.catch(() => undefined) !== undefined) return path; // it may be unreadable
    }
  }

  /** Returns the paths of all files below a folder, relative to it. */
  async filesBelow(folder: string, options: CallOptions): Promise<string[]> {
    const files: string[] = [];
    for await (const path of this.#walk(folder, options)) {
      files.push(path.slice(folder.length + 1));
      if (files.length > MAX_FILES) throw tooMany(folder);
    }
    return files;
  }

  async *#walk(folder: string, options: CallOptions): AsyncGenerator<string> {
    for (const { path, kind } of await orMissing(this.#names(folder, options)) ?? []) {
      if (kind === "file") yield path;
      if (kind === "folder") yield* this.#walk(path, options);
    }
  }

  async #names(folder: string, options: CallOptions): Promise<Pick<FileEntry, "path" | "kind">[]> {
    const [store, storePath] = this.#at(folder);
    const entries = await Array.fromAsync(store.list(storePath, options));
    return entries.map(({ path, kind }) => ({ path: joinPath(folder, nameOf(path)), kind }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [store] = this.#at("");
    await store[Symbol.asyncDispose]();
  }
}

function tooMany(folder: string): RegistryError {
  const state = `more than ${MAX_FILES} files`;
  const hint = "Pack the folder into one archive, and save that.";
  return fault({ code: "Unsupported", action: "list", subject: shown(folder), state, hint });
}

/** Opens the files at a location, which must exist. */
export async function openMindtraceFiles(source: MindtraceLocation): Promise<MindtraceFiles> {
  if (typeof source === "object" && "get" in source) return inBucket(source);
  const text = String(source);
  if (isStoreUrl(text) && !/^(file|disk):/i.test(text)) return inBucket(await openBackend(text));
  if (!/^(file|disk):/i.test(text)) checkLocalPath(text, "open the mindtrace registry at");
  const folder = /^file:/i.test(text) ? fileURLToPath(text) : text.replace(/^disk:/i, "");
  const location = existing(folder);
  const files = new FolderFiles(location);
  return new MindtraceFiles((path) => files.at(path), location);
}

function inBucket(backend: Backend): MindtraceFiles {
  const { location } = backend;
  const store = createBucketFiles({ backend });
  return new MindtraceFiles((path) => [store, path], location);
}

function existing(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch (cause) {
    throw notFound("open the mindtrace registry at", folder, "no such folder", {
      hint: "Pass the folder or bucket that has registry_metadata.json in it.",
      cause,
    });
  }
}
