/**
 * Files over another file store, in which arrays and images are kept in zarr: each a folder of the store below, with
 * its chunks and its `zarr.json`, that is seen as one file. Other programs open that folder as an array.
 *
 * @module
 */
import type { CallOptions } from "../core/backend.ts";
import { compareUtf8 } from "../core/bytes/bytes.ts";
import { follow } from "../core/files/follow.ts";
import { inTheWay, intoItself, missing, notEmpty, taken } from "../core/files/path_errors.ts";
import type { PathPlace } from "../core/files/path_errors.ts";
import { parsePath } from "../core/files/paths.ts";
import type { FileEntry, FileStore, NamedEntry } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { fault, isRegistryError, type RegistryError } from "../core/errors.ts";
import { realSystem } from "../core/system.ts";
import type { System } from "../core/system.ts";
import { mapAtOnce } from "../core/work/at_once.ts";
import { createLanes } from "../core/work/lanes.ts";
import type { ZarrArray, ZarrCodec } from "../formats/zarr.ts";
import {
  arrayEntry,
  arrayOf,
  fileEntry,
  filesOf,
  isArrayValue,
  seenArray,
  valueOf,
  writeArray,
} from "./zarr/array_files.ts";
import type { NewArray, StoredArray } from "./zarr/array_files.ts";
import { npyFile } from "./zarr/npy_file.ts";
import { readStored } from "./zarr/read_stored.ts";
import { replaceChunk } from "./zarr/replace_chunk.ts";
import { type ArrayTask, busy, createArrayLocks } from "./zarr/lock.ts";
import { createLook } from "./zarr/look.ts";
import type { Seen } from "./zarr/look.ts";
import { copyArray, moveArray, removeArray } from "./zarr/trees.ts";
import { WORKS, worksOf } from "./zarr/undo_change.ts";
import type { Change } from "./zarr/undo_change.ts";

export type * from "../core/file_store.ts";
export type { ZarrCodec } from "../formats/zarr.ts";

/** Options of {@linkcode createZarrFiles}. */
export interface ZarrFilesOptions {
  /** Where everything lies. It is disposed of with this store. */
  files: FileStore;
  /** How chunks are packed. @default "zstd" */
  codec?: ZarrCodec;
  /** The shape of chunks for the shape of an array. @default all of it, or parts of up to 16 MiB */
  chunks?: (shape: readonly number[]) => readonly number[];
  /** What makes the names of folders that are being written. */
  system?: System;
}

/**
 * Creates a file store over another one. Arrays and images that are saved without `as` are kept in zarr at their paths,
 * whatever their extension, and loaded as they were; everything else is a file of the store below. `open` gives the
 * `.npy` bytes of an array. A folder of others with the `zarr.json` of an array is seen as a file too; one of version
 * 2, or whose document is not read here, is a folder.
 *
 * An array is written to a folder in `.zarr-saving`, and moved to its path when it is complete. If an array in one
 * chunk is replaced by one of the same type, shape and codec, its chunk is replaced in one step. Any other array is
 * absent for a moment while it is replaced, and readers wait. In a bucket a move copies each file. `zarr.json` leaves
 * first, to `.zarr-saving`, and arrives last, so a part of an array is never taken for an array. A load reads an array
 * again if it was replaced meanwhile: the attribute `holdfast-save` differs from save to save.
 *
 * One program at a time changes an array; others get a `Conflict`. If a program dies while it changes an array, the
 * first call that needs the array after a minute undoes the change.
 *
 * @example
 * ```ts
 * import { createFileManager } from "@holdfast/holdfast/files";
 * import { createMemoryFiles } from "@holdfast/holdfast/files/memory";
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
export function createZarrFiles(
  { files, codec, chunks, system = realSystem }: ZarrFilesOptions,
): FileStore {
  const { location } = files;
  const lanes = createLanes();
  const locks = createArrayLocks(files, system);
  const { arrayAbove, look, lookOnce, settled } = createLook(files, { locks, system });
  const place = (action: string, path: string): PathPlace => ({ action, path, location });

  /** Runs a change of an array after earlier ones of this program, while no other program changes it. */
  async function change<T>(path: string, why: PathPlace, task: ArrayTask<T>): Promise<T> {
    return await lanes(path, () => locks.hold({ path }, why, task));
  }

  /** Throws `Conflict` while another process puts an array at a path. */
  async function checkFree(path: string, why: PathPlace): Promise<void> {
    if (path !== "" && await locks.isHeld(path)) {
      await locks.hold({ path }, why, () => Promise.resolve());
    }
  }

  function parse(given: string): string {
    const path = parsePath(given);
    if (path !== WORKS && !path.startsWith(`${WORKS}/`)) return path;
    throw fault({
      code: "Invalid",
      action: "use",
      subject: `${shown(path)} as a path`,
      state: "arrays lie there while they are written",
      hint: "Take another path.",
    });
  }

  async function checkAbove(path: string, why: PathPlace, options: CallOptions): Promise<void> {
    const above = await arrayAbove(path, options);
    if (above !== undefined) throw inTheWay(why, above, "file");
  }

  async function checkFolder(path: string, options: CallOptions): Promise<void> {
    const seen = await look(path, options);
    if (path !== "" && seen?.entry.kind !== "folder") {
      throw missing(place("list", path), "folder", seen?.entry.kind);
    }
  }

  /** What is in a folder, with each array as a file. */
  async function below<E extends NamedEntry>(
    entries: Iterable<E> | AsyncIterable<E>,
    asFile: (entry: E, array: ZarrArray) => E | Promise<E>,
    options: CallOptions,
  ): Promise<E[]> {
    const seen = mapAtOnce(entries, async (entry) => {
      const array = entry.kind === "folder"
        ? await seenArray(files, entry.path, options)
        : undefined;
      return array === undefined ? entry : await asFile(entry, array);
    });
    return (await Array.fromAsync(seen)).filter(({ path }) => path !== WORKS);
  }

  /** Moves the array of a change to its path, in place of what was seen there. */
  async function settle(
    made: Change,
    why: PathPlace,
    { seen, isArray, check, ...options }: CallOptions & {
      seen?: Seen;
      isArray: boolean;
      check(): Promise<void>;
    },
  ): Promise<void> {
    const { path } = why;
    const works = worksOf(made);
    await check(); // who took the lock over has removed what was made by then
    made.isLeft = seen !== undefined;
    if (seen?.array !== undefined) {
      await moveArray(files, path, { to: works.old, apart: works.document, ...options });
    } else if (seen !== undefined) await files.move(path, works.old, options);
    try {
      if (isArray) {
        await moveArray(files, works.made, { to: path, apart: works.madeDocument, ...options });
      } else await files.move(works.made, path, options);
    } catch (error) {
      if (seen === undefined || !isRegistryError(error, "AlreadyExists")) throw error;
      throw busy(why); // another program has put something there meanwhile
    }
  }

  async function writeMade(
    folder: string,
    made: ReadonlyMap<string, Uint8Array>,
    options: CallOptions,
  ): Promise<void> {
    if (files.writeFolder !== undefined) return await files.writeFolder(folder, made, options);
    for (const name of [...made.keys()].sort()) {
      await files.write(`${folder}/${name}`, made.get(name)!, options);
    }
  }

  /** Writes an array to its path, in the place of what is seen there: `made` are its files where it has one chunk. */
  async function put(
    own: Change,
    why: PathPlace,
    { seen, made, check, ...array }: NewArray & {
      seen?: Seen;
      made?: ReadonlyMap<string, Uint8Array>;
      check(): Promise<void>;
    },
  ): Promise<void> {
    const { signal } = array;
    const folder = worksOf(own).made;
    if (made === undefined) await writeArray(files, folder, array);
    else await writeMade(folder, made, { signal });
    await settle(own, why, { seen, isArray: true, check, signal });
  }

  /** Copies an array to a path that is free. */
  async function putCopy(path: string, target: string, options: CallOptions): Promise<void> {
    const why = place("copy", path);
    await change(target, { ...why, path: target }, async (own, check) => {
      if (!await copyArray(files, path, { to: worksOf(own).made, ...options })) {
        throw missing(why, "file");
      }
      const there = await lookOnce(target, options);
      if (there !== undefined) throw taken({ ...why, path: target }, there.entry.kind);
      await checkAbove(target, why, options);
      await settle(own, { ...why, path: target }, { isArray: true, check, ...options });
    });
  }

  /** Writes an array to a path that is free, in one step; false where it is not free, or that takes several. */
  async function putNew(
    path: string,
    made: ReadonlyMap<string, Uint8Array>,
    options: CallOptions,
  ): Promise<boolean> {
    if (files.writeFolder === undefined || path === "") return false;
    try {
      await files.writeFolder(path, made, options);
      return true;
    } catch (error) {
      if (isRegistryError(error, "AlreadyExists")) return false;
      throw error;
    }
  }

  const store: FileStore = {
    name: "zarr",
    location,

    async stat(given, options = {}) {
      return (await look(parse(given), options))?.entry;
    },

    async *list(given, options = {}) {
      const path = parse(given);
      await locks.recoverAll();
      await checkFolder(path, options);
      const entries = await below(
        files.list(path, options),
        ({ path }, array) => arrayEntry(files, path, { array, ...options }),
        options,
      );
      yield* entries.sort((a, b) => compareUtf8(orderOf(a), orderOf(b)));
    },

    async names(given, options = {}) {
      const path = parse(given);
      await locks.recoverAll();
      await checkFolder(path, options);
      const entries = await files.names?.(path, options) ?? files.list(path, options);
      const named = await below<NamedEntry>(
        entries,
        (entry) => ({ ...entry, kind: "file" }),
        options,
      );
      return named.map(({ path, kind }) => ({ path, kind }));
    },

    async open(given, options = {}) {
      const path = parse(given);
      const file = await settled(path, async () => {
        const stored = await readStored(files, path, options);
        if (stored !== undefined) return npyFile(path, stored.elements);
        return await files.open(path, options).catch((error) => {
          if (!isRegistryError(error, "NotFound")) throw error;
        });
      });
      if (file !== undefined && await arrayAbove(path, options) === undefined) return file;
      throw missing(
        place("open", path),
        "file",
        file === undefined ? (await look(path, options))?.entry.kind : undefined,
      );
    },

    async load(given, options = {}) {
      const path = parse(given);
      const isFile = Symbol();
      const stored = await settled(
        path,
        async () =>
          await readStored(files, path, options) ??
            ((await files.stat(path, options))?.kind === "file" ? isFile : undefined),
      );
      if (stored === isFile) return undefined;
      if (stored !== undefined) return valueOf(stored as StoredArray);
      const found = await follow(files, path, options);
      if (found === undefined || found.path === path) return undefined;
      const linked = await settled(
        found.path,
        async () => await readStored(files, found.path, options),
      );
      return linked && valueOf(linked);
    },

    keeps: isArrayValue,

    async save(given, value, { mode = "overwrite", ...options } = {}) {
      const path = parse(given);
      const why = place("save", path);
      if (!isArrayValue(value)) throw notKept(path);
      const { array, options: wanted } = arrayOf(value, { codec, chunks, id: () => system.id() });
      const made = await filesOf({ array, options: wanted, ...options });
      await checkAbove(path, why, options);
      if (mode === "overwrite" && made !== undefined && await putNew(path, made, options)) {
        return fileEntry(path, array);
      }
      return await change(path, why, async (own, check) => {
        const seen = await lookOnce(path, options);
        if (path === "" || seen?.entry.kind === "folder") throw inTheWay(why, path, "folder");
        if (seen !== undefined && mode === "create") throw taken(why, seen.entry.kind);
        const isReplaced = made !== undefined && seen?.array !== undefined &&
          await replaceChunk(files, path, { made, check, ...options });
        if (!isReplaced) {
          await put(own, why, { array, options: wanted, made, seen, check, ...options });
        }
        return fileEntry(path, array);
      });
    },

    async write(given, content, { mode = "overwrite", ...options } = {}) {
      const path = parse(given);
      const why = place("write", path);
      const seen = await look(path, options);
      if (seen === undefined) {
        await Promise.all([checkAbove(path, why, options), checkFree(path, why)]);
      }
      if (seen?.array === undefined) return await files.write(path, content, { mode, ...options });
      if (mode === "create") throw taken(why, "file");
      return await change(path, why, async (own, check) => {
        const now = await lookOnce(path, options); // another change may have had an earlier turn
        if (now?.array === undefined) return await files.write(path, content, options);
        const entry = await files.write(worksOf(own).made, content, options);
        await settle(own, why, { seen: now, isArray: false, check, ...options });
        return { ...entry, path };
      });
    },

    async createFolder(given, options = {}) {
      const path = parse(given);
      const why = place("make folder", path);
      const seen = await look(path, options);
      if (seen?.array !== undefined) throw inTheWay(why, path, "file");
      if (seen === undefined) {
        await Promise.all([checkAbove(path, why, options), checkFree(path, why)]);
      }
      await files.createFolder(path, options);
    },

    async createLink(given, target, options = {}) {
      const path = parse(given);
      const why = place("make link", path);
      const seen = await look(path, options);
      if (seen !== undefined) throw taken(why, seen.entry.kind);
      await Promise.all([checkAbove(path, why, options), checkFree(path, why)]);
      await files.createLink(path, parse(target), options);
    },

    async remove(given, options = {}) {
      const path = parse(given);
      const seen = await look(path, options);
      if (seen === undefined) return false;
      if (path === "") throw notEmpty(place("remove", path));
      if (seen.array === undefined) return await files.remove(path, options);
      return await change(path, place("remove", path), async (own) => {
        const now = await lookOnce(path, options); // another change may have had an earlier turn
        if (now?.array === undefined) return now !== undefined && await files.remove(path, options);
        await removeArray(files, path, { apart: worksOf(own).made, ...options });
        return true;
      });
    },

    async move(from, to, options = {}) {
      const [path, target] = [parse(from), parse(to)];
      const why = place("move", path);
      const seen = await look(path, options);
      if (path === "" || seen === undefined) throw missing(why, "anything");
      if (target.startsWith(`${path}/`)) throw intoItself(why);
      const there = await look(target, options);
      if (there !== undefined) throw taken({ ...why, path: target }, there.entry.kind);
      await Promise.all([
        checkAbove(target, why, options),
        checkFree(target, { ...why, path: target }),
      ]);
      if (seen.array === undefined) return await files.move(path, target, options);
      const [first, second] = [path, target].sort();
      await lanes(
        first,
        () =>
          lanes(
            second,
            () =>
              locks.hold({ path, to: target }, why, (own) =>
                locks.hold({ path: target, from: path }, { ...why, path: target }, async () => {
                  const now = await lookOnce(path, options);
                  if (now === undefined) {
                    throw missing(why, "anything");
                  }
                  const apart = worksOf(own).document;
                  if (now.array !== undefined) {
                    await moveArray(files, path, { to: target, apart, ...options });
                  } else await files.move(path, target, options);
                })),
          ),
      );
    },

    async copyFile(from, to, { signal } = {}) {
      const path = parse(from);
      if (await seenArray(files, path, { signal }) !== undefined) {
        return await putCopy(path, parse(to), { signal });
      }
      const file = await store.open(path, { signal });
      await store.write(to, { size: file.size, stream: () => file.stream() }, {
        mode: "create",
        signal,
      });
    },

    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]();
    },
  };
  const { removeFolder } = files;
  if (removeFolder === undefined) return store;
  return {
    ...store,
    async removeFolder(given, options = {}) {
      const path = parse(given);
      const seen = await look(path, options);
      if (seen?.array !== undefined) await store.remove(path, options);
      else if (seen !== undefined || path === "") await files.removeFolder!(path, options);
    },
  };
}

function orderOf({ path, kind }: FileEntry): string {
  return kind === "folder" ? `${path}/` : path;
}

function notKept(path: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "save",
    subject: `${shown(path)} in zarr`,
    state: "the value is neither an array nor an image",
    hint: "Save it by createFileManager(), which writes other values as files.",
    key: path,
  });
}
