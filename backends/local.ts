/**
 * The local backend: objects are files in a folder on a disk or a network share, written by any
 * number of processes.
 *
 * @module
 */
import type {
  Backend,
  CallOptions,
  Layout,
  ListOptions,
  Locking,
  ObjectInfo,
  Prefix,
} from "../core/backend.ts";
import { invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { storedFolders } from "./local/folders.ts";
import { readFirst } from "./local/first.ts";
import { infoAt, readLater, walk } from "./local/list.ts";
import { LocalPut } from "./local/put.ts";
import { readObject } from "./local/read.ts";
import { makeReserve } from "./local/reserve.ts";
import { type LocalRoot, parseRoot, statObject } from "./local/root.ts";
import { sweepStages } from "./local/stage.ts";
import { createObjectSync } from "./local/sync_objects.ts";
import { giveWay } from "../core/work/next_turn.ts";
import { createDiskSync } from "../disk/disk_sync.ts";
import fs from "node:fs";
import { dirname } from "node:path";
import { look } from "../disk/disk_calls.ts";
import { errorCode } from "../disk/file_errors.ts";
import { isOrdinary } from "./local/own_files.ts";

/** Options of {@linkcode createLocalBackend}. */
export interface LocalBackendOptions {
  /** The folder, a path or a `file:` URL. */
  path: string | URL;
  /**
   * A finished put survives a power cut (`disk`) or the end of the process (`os`). Deletes are not
   * synced: a deleted object may be back after a power cut.
   *
   * @default "disk"
   */
  durability?: "disk" | "os";
  /**
   * Exclusive creates use hard links, or a file lock (Deno only) if the file system has no links.
   * All writers of a folder must use the same; {@linkcode detectLocking} finds it.
   *
   * @default "link"
   */
  locking?: Locking;
  /**
   * Layout of the keys. All users of a folder must use the same; registries whose settings have
   * no layout use `plain`.
   *
   * @default "folded"
   */
  layout?: Layout;
  /**
   * The first put creates the folder. Once something was found or written there, puts throw
   * `Unavailable` if it is gone, as when its disk is not mounted. @default true
   */
  create?: boolean;
  /** Create files as 0600 and folders as 0700. @default false: the umask decides */
  ownerOnly?: boolean;
  system?: System;
}

const OPTIONS: OptionNames<LocalBackendOptions> = {
  path: true,
  durability: true,
  locking: true,
  layout: true,
  create: true,
  ownerOnly: true,
  system: true,
};

/**
 * Creates a backend for a folder.
 *
 * @example
 * ```ts
 * import { createLocalBackend } from "@holdfast/holdfast/backends/local";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = createLocalBackend({ path: await Deno.makeTempDir() });
 * await backend.put("a/1", new TextEncoder().encode("one"));
 * const lost = await backend.put("a/1", new Uint8Array(), { mode: "create" });
 * assertEquals(lost, { written: false, reason: "exists" });
 * ```
 */
export function createLocalBackend(options: LocalBackendOptions): Backend {
  const checked = checkOptions("open folder", options, OPTIONS, ["path"]);
  const { durability = "disk", locking = "link", layout = "folded", system = realSystem } = checked;
  checkWord("durability", durability, ["disk", "os"]);
  checkWord("locking", locking, ["link", "file"]);
  checkWord("layout", layout, ["folded", "plain"]);
  const root = parseRoot(checked.path, { ...checked, layout });
  const disk = durability === "disk" ? createDiskSync(root.path) : undefined;
  const writer = new LocalPut(root, { disk, locking, system });
  const sync = disk && createObjectSync(root, disk);

  return checkRemovals<Backend>({
    kind: "local",
    location: root.location,
    reopen: descriptorOf(root, { durability, locking, layout, ownerOnly: checked.ownerOnly }),
    disk: { locking, layout, folders: storedFolders(root) },

    async head(key, { signal } = {}) {
      await giveWay(signal);
      return root.known(statObject(root, key));
    },

    async get(key, options = {}) {
      await giveWay(options.signal);
      return root.known(readObject(root, key, options));
    },

    async put(key, body, options = {}) {
      await giveWay(options.signal);
      return root.known(await writer.put(key, body, options));
    },

    async delete(key, { signal } = {}) {
      await giveWay(signal);
      deleteObject(root, key);
    },

    list: (prefix, options = {}) => listInTurns(root, prefix, options),

    async getFirst(prefix, { signal } = {}) {
      await giveWay(signal);
      return root.known(await readFirst(root, prefix, { signal }));
    },

    async *sweepUploads(options) {
      await giveWay(options.signal);
      yield* sweepStages(root, options);
    },

    async copy(from, to, options = {}) {
      await giveWay(options.signal);
      const { copyObject } = await import("./local/copy.ts"); // rarely used
      return await copyObject(root, { from, to }, { ...options, disk, locking, system });
    },

    async reserve({ signal } = {}) {
      await giveWay(signal);
      return makeReserve(root);
    },

    ...(sync && {
      async sync(keys: readonly string[], { signal }: CallOptions = {}) {
        await giveWay(signal);
        await sync(keys, signal);
      },
    }),

    async [Symbol.asyncDispose]() {},
  });
}

/** Describes the folder to other threads. They create it only if this one has not found it yet. */
function descriptorOf(
  root: LocalRoot,
  { ownerOnly = false, ...options }: Omit<LocalBackendOptions, "path" | "create" | "system">,
): Backend["reopen"] {
  return {
    module: import.meta.url,
    name: "createLocalBackend",
    options: {
      path: root.path,
      ...options,
      ownerOnly,
      get create() {
        return !root.isKnown;
      },
    },
  };
}

/** Entries of a list that take less than a millisecond. */
const MOST_IN_STEP = 16;

async function* listInTurns(
  root: LocalRoot,
  prefix: string,
  { limit = Infinity, signal, ...options }: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  let count = 0;
  if (limit <= 0) return;
  await giveWay(signal);
  for (const found of walk(root, prefix, options, infoAt)) {
    if ("unread" in found) await readLater(root, found);
    else {
      yield found;
      if (++count >= limit) return;
      if (count % MOST_IN_STEP === 0) await giveWay(signal);
      else signal?.throwIfAborted();
    }
  }
}

/** A typo would select the default, which the settings of a new registry then keep forever. */
function checkWord(name: string, word: string, words: readonly string[]): void {
  if (words.includes(word)) return;
  throw invalid("open folder", undefined, `${name} is ${shown(word)}`, {
    hint: `Omit ${name}, or use one of ${words.map((word) => `"${word}"`).join(", ")}.`,
  });
}

/** Deletes an object; a missing one is a success. */
function deleteObject(root: LocalRoot, key: string): void {
  const path = root.fileOf(key);
  let isChecked = false;
  try {
    root.ways.check(dirname(path));
    isChecked = true;
    if (!isOrdinary(look(path), { key, backend: root.location })) return; // a folder
    fs.unlinkSync(path);
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "delete", key });
  }
  removeEmptyFolders(root, dirname(path), isChecked);
}

function removeEmptyFolders(root: LocalRoot, folder: string, isChecked: boolean): void {
  for (let path = folder; path.length > root.path.length; path = dirname(path)) {
    try {
      if (!isChecked) root.ways.check(path); // the first existing folder may be behind a link
      isChecked = true; // so are its parents
      fs.rmdirSync(path);
    } catch (error) {
      // ENOENT: already gone, continue above. Others: it stays, usually because it is not empty.
      if (errorCode(error) !== "ENOENT") return;
    }
  }
}
