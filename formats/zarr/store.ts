// Stores of arrays: bytes by key
// (https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#stores), also over any file
// store.
import type { ByteRange, CallOptions } from "../../core/backend.ts";
import { readAll } from "../../core/bytes/bytes.ts";
import {
  alreadyExists,
  invalid,
  isRegistryError,
  notFound,
  type RegistryError,
  unsupported,
} from "../../core/errors.ts";
import type {
  AnyFileStore,
  FileStore,
  FileToDecode,
  ReadableFileStore,
} from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { joinPath, nameOf, parsePath } from "../../core/naming/paths.ts";
import { described } from "../../core/text/described.ts";

/** Options of {@linkcode ZarrStore.get}. */
export interface ZarrGetOptions extends CallOptions {
  /** Reads only this range, clipped at the end. */
  range?: ByteRange;
  /** Reads up to this many bytes at the end. */
  suffix?: number;
}

/** Bytes by key. Keys have segments separated by `/`: `plate/zarr.json`. */
export interface ZarrStore {
  /** A URL without secrets, for messages. */
  readonly location: string;
  /** Reads the bytes of a key; undefined if it does not exist. */
  get(key: string, options?: ZarrGetOptions): Promise<Uint8Array | undefined>;
  /** Replaces the bytes of a key atomically. Absent on read-only stores. */
  set?(key: string, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** Removes a key; a missing one is a success. Absent: arrays cannot shrink. */
  remove?(key: string, options?: CallOptions): Promise<void>;
  /**
   * Lists the names directly below a key, with a trailing `/` if they have others below them.
   * Absent: groups need consolidated metadata to list their children.
   */
  list?(key: string, options?: CallOptions): AsyncIterable<string>;
}

/**
 * Returns the files below a folder, by default the root, as a store of arrays. Ranges are read
 * alone.
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { zarrStore } from "@holdfast/holdfast/formats/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * const store = zarrStore(createMemoryFiles(), "plate");
 * await store.set!("c/0", Uint8Array.of(1, 2, 3));
 * assertEquals(await store.get("c/0", { suffix: 2 }), Uint8Array.of(2, 3));
 * assertEquals(await store.get("c/1"), undefined);
 * ```
 */
export function zarrStore(files: AnyFileStore, folder = ""): ZarrStore {
  checkReadable(files);
  const root = parsePath(folder);
  const at = (key: string) => joinPath(root, parsePath(key)).replace(/\/$/, "");
  const store: ZarrStore = {
    location: root === "" ? files.location : `${files.location.replace(/\/$/, "")}/${root}`,
    async get(key, { range, suffix, signal } = {}) {
      try {
        return await readFile(await files.open(at(key), { signal }), { range, suffix, signal });
      } catch (error) {
        if (isRegistryError(error) && error.code === "NotFound") return undefined;
        throw error;
      }
    },
    async *list(key, { signal } = {}) {
      try {
        for await (const { path, kind } of files.list(at(key), { signal })) {
          yield kind === "folder" ? `${nameOf(path)}/` : nameOf(path);
        }
      } catch (error) {
        if (!isRegistryError(error) || error.code !== "NotFound") throw error;
      }
    },
  };
  if (!("write" in files)) return store;
  return {
    ...store,
    async set(key, bytes, options) {
      await files.write(at(key), bytes, options);
    },
    async remove(key, options) {
      await files.remove(at(key), options);
    },
  };
}

async function readFile(
  file: FileToDecode,
  { range, suffix, signal }: ZarrGetOptions,
): Promise<Uint8Array> {
  if (suffix !== undefined) {
    const length = Math.min(suffix, file.size);
    return length === file.size
      ? await file.bytes()
      : await readRange(file, { offset: file.size - length, length }, signal);
  }
  return range === undefined ? await file.bytes() : await readRange(file, range, signal);
}

/** Reads a range, clipped here because not every file does. */
async function readRange(
  file: FileToDecode,
  { offset, length = Infinity }: ByteRange,
  signal?: AbortSignal,
) {
  const end = Math.min(offset + length, file.size);
  if (offset >= end) return new Uint8Array();
  return await readAll(file.stream({ offset, length: end - offset }), signal);
}

/** Throws `Invalid` for a sink and for other values that cannot be read. */
function checkReadable(files: AnyFileStore): asserts files is FileStore | ReadableFileStore {
  const { location, open, list } = (files ?? {}) as Partial<ReadableFileStore>;
  const isReadable = typeof location === "string" && typeof open === "function" &&
    typeof list === "function";
  if (isReadable) return;
  const state = `${described(files)} is not a readable file store`;
  const hint = 'Pass createLocalFiles({ root: "./data" }), or await manager.stores.get("disk").';
  throw invalid("create store of arrays", undefined, state, { hint });
}

export function writableStore(store: ZarrStore, action: string): Required<Pick<ZarrStore, "set">> {
  if (store.set !== undefined) {
    return { set: (key, bytes, options) => store.set!(key, bytes, options) };
  }
  throw unsupported(action, undefined, "the store is read-only", {
    hint: "Pass a store with set(): zarrStore(files) of writable files.",
    backend: store.location,
  });
}

const DOCUMENTS = ["zarr.json", ".zarray", ".zgroup"];

/** Throws `AlreadyExists` if the path has an array or a group. */
export async function checkFree(
  store: ZarrStore,
  path: string,
  options: CallOptions,
): Promise<void> {
  const documents = await Promise.all(
    DOCUMENTS.map((name) => store.get(joinPath(path, name), options)),
  );
  const at = documents.findIndex((bytes) => bytes !== undefined);
  if (at < 0) return;
  throw alreadyExists("create zarr", shown(path), `${DOCUMENTS[at]} exists`, {
    hint: "Use another path, or remove its folder with the data first.",
    key: path,
    backend: store.location,
  });
}

/** Makes the `NotFound` error of a path without a node, or with one of the other kind. */
export function noNode(
  store: ZarrStore,
  path: string,
  expectedKind: "array" | "group",
  actualKind?: "array" | "group",
): RegistryError {
  const state = actualKind === undefined
    ? `no ${expectedKind} exists`
    : `found ${actualKind} instead`;
  return notFound(
    "open zarr",
    `${expectedKind} ${path === "" ? "at the root" : shown(path)}`,
    state,
    {
      hint: "Call children() of its group to list what exists.",
      key: path,
      backend: store.location,
    },
  );
}
