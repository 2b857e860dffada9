// Inspects the paths of a zarr store while other processes change arrays.
import type { CallOptions } from "../../core/backend.ts";
import type { FileEntry, FileStore } from "../../core/file_store.ts";
import { folderOf } from "../../core/files/paths.ts";
import type { System } from "../../core/system.ts";
import type { ZarrArray } from "../../formats/zarr.ts";
import { arrayEntry, DOCUMENT, seenArray } from "./array_files.ts";
import type { ArrayLocks } from "./lock.ts";

/** How often a reader tries again to find what another process is putting at a path. */
const LOOKS = 20;

export type Seen = { entry: FileEntry; array?: ZarrArray };

export interface Look {
  /** Returns the path of the array that contains a path, or undefined. */
  arrayAbove(path: string, options: CallOptions): Promise<string | undefined>;
  /** Returns what is at a path once no other process is changing it. */
  look(path: string, options: CallOptions): Promise<Seen | undefined>;
  lookOnce(path: string, options: CallOptions): Promise<Seen | undefined>;
  /** Repeats a lookup until it finds something, or no process is changing the path. */
  settled<T>(path: string, find: () => Promise<T | undefined>): Promise<T | undefined>;
}

export function createLook(
  files: FileStore,
  { locks, system }: { locks: ArrayLocks; system: Pick<System, "sleep"> },
): Look {
  async function settled<T>(
    path: string,
    find: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (let left = LOOKS, isAgain = false; left > 0; left--) {
      const found = await find();
      if (found !== undefined || path === "") return found;
      const isHeld = await locks.isHeld(path);
      if (!isHeld && isAgain) return undefined;
      isAgain = !isHeld; // what held it may have ended since
      if (isHeld) await system.sleep(2 * (LOOKS - left) + 1);
    }
  }

  async function arrayAbove(path: string, options: CallOptions): Promise<string | undefined> {
    for (let at = folderOf(path); at !== ""; at = folderOf(at)) {
      if (await files.stat(`${at}/${DOCUMENT}`, options) === undefined) continue;
      if (await seenArray(files, at, options) !== undefined) return at;
    }
  }

  async function look(path: string, options: CallOptions): Promise<Seen | undefined> {
    return await settled(path, async () => {
      const seen = await lookOnce(path, options);
      const isPart = files.removeFolder !== undefined && path !== "" && seen?.array === undefined &&
        seen?.entry.kind === "folder" && await locks.isHeld(path); // part of an array that is moved file by file
      return isPart ? undefined : seen;
    });
  }

  async function lookOnce(path: string, options: CallOptions): Promise<Seen | undefined> {
    const entry = await files.stat(path, options);
    if (entry === undefined) return undefined;
    const array = entry.kind === "folder" && path !== ""
      ? await seenArray(files, path, options)
      : undefined;
    if (await arrayAbove(path, options) !== undefined) return undefined;
    return array === undefined
      ? { entry }
      : { array, entry: await arrayEntry(files, path, { array, ...options }) };
  }

  return { arrayAbove, look, lookOnce, settled };
}
