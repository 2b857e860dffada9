// Where arrays lie: bytes by key, as the specification of zarr has it
// (https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html#stores), and that over any file
// store.
import type { ByteRange, CallOptions } from "../../core/backend.ts";
import { readAll } from "../../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
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
  /** Only these bytes, clipped at the end. */
  range?: ByteRange;
  /** Only so many bytes at the end, or all where there are fewer. */
  suffix?: number;
}

/** Bytes by key. Keys have `/` between their names: `plate/zarr.json`. */
export interface ZarrStore {
  /** Where it is, for messages: a URL without secrets. */
  readonly location: string;
  /** The bytes of a key, or undefined where there is none. */
  get(key: string, options?: ZarrGetOptions): Promise<Uint8Array | undefined>;
  /** Replaces the bytes of a key, whole or not at all. Absent: nothing is written. */
  set?(key: string, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** Removes a key; a missing one is a success. Absent: arrays do not shrink. */
  remove?(key: string, options?: CallOptions): Promise<void>;
  /**
   * The names directly below a key, those that have others below them with `/` behind them; none where nothing is.
   * Absent: the children of a group are known from its consolidated metadata alone.
   */
  list?(key: string, options?: CallOptions): AsyncIterable<string>;
}

/**
 * The files below a folder as a store of arrays. What is asked in parts is read in parts.
 *
 * @param folder the folder; absent or empty: the root
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

/** A range that goes on behind the end is clipped here, for not every file does. */
async function readRange(
  file: FileToDecode,
  { offset, length = Infinity }: ByteRange,
  signal?: AbortSignal,
) {
  const end = Math.min(offset + length, file.size);
  if (offset >= end) return new Uint8Array();
  return await readAll(file.stream({ offset, length: end - offset }), signal);
}

/** Throws where files cannot be read: that only takes them, or is no store. */
function checkReadable(files: AnyFileStore): asserts files is FileStore | ReadableFileStore {
  const { location, open, list } = (files ?? {}) as Partial<ReadableFileStore>;
  if (typeof location === "string" && typeof open === "function" && typeof list === "function") {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "make a store of arrays",
    state: `${described(files)} is no store of files that can be read`,
    hint:
      'Give it createLocalFiles({ root: "./data" }), or that of a manager: await manager.stores.get("disk").',
  });
}

/** What writes to a store, or `Unsupported` where it only reads. */
export function writableStore(store: ZarrStore, action: string): Required<Pick<ZarrStore, "set">> {
  if (store.set !== undefined) {
    return { set: (key, bytes, options) => store.set!(key, bytes, options) };
  }
  throw fault({
    code: "Unsupported",
    action,
    state: "the store only reads",
    hint: "Give a store that has set(): zarrStore(files) of files that are written.",
    backend: store.location,
  });
}

/** A key below another one; the root is the empty one. */
export function keyBelow(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

const DOCUMENTS = ["zarr.json", ".zarray", ".zgroup"];

/** Throws `AlreadyExists` where an array or a group is at a path. */
export async function checkFree(
  store: ZarrStore,
  path: string,
  options: CallOptions,
): Promise<void> {
  const found = await Promise.all(
    DOCUMENTS.map((name) => store.get(keyBelow(path, name), options)),
  );
  const at = found.findIndex((bytes) => bytes !== undefined);
  if (at < 0) return;
  throw fault({
    code: "AlreadyExists",
    action: "create zarr",
    subject: shown(path),
    state: `${DOCUMENTS[at]} is there`,
    hint: "Remove its folder first, or take another path.",
    key: path,
    backend: store.location,
  });
}

/** `NotFound`, with what is there instead. */
export function noNode(
  store: ZarrStore,
  path: string,
  { wanted, found }: { wanted: "array" | "group"; found?: "array" | "group" },
): RegistryError {
  const state = found === undefined
    ? `there is no ${wanted}`
    : `it is a${found === "array" ? "n" : ""} ${found}`;
  return fault({
    code: "NotFound",
    action: "open zarr",
    subject: `${wanted} ${path === "" ? "at the root" : shown(path)}`,
    state,
    hint: "children() of the group above it tells what there is.",
    key: path,
    backend: store.location,
  });
}
