// Inspects the paths of a zarr store while other processes change arrays.
import type { CallOptions } from "../../core/backend.ts";
import type { FileEntry, FileStore } from "../../core/file_store.ts";
import { folderOf } from "../../core/naming/paths.ts";
import type { System } from "../../core/system.ts";
import type { ZarrArray } from "../../formats/zarr.ts";
import { arrayAt, arrayEntry } from "./array_files.ts";
import { DOCUMENT } from "./document.ts";
import type { ArrayLocks } from "./lock.ts";

/** Retries of a lookup while another process changes the path. */
const LOOKUPS = 20;

/** A file, a folder or an array. */
export type PathNode = { entry: FileEntry; array?: ZarrArray };

export class Lookup {
  readonly #files: FileStore;
  readonly #locks: ArrayLocks;
  readonly #system: Pick<System, "sleep">;

  constructor(files: FileStore, locks: ArrayLocks, system: Pick<System, "sleep">) {
    this.#files = files;
    this.#locks = locks;
    this.#system = system;
  }

  /** Repeats a lookup until it finds something, or no process is changing the path. */
  async untilStable<T>(path: string, find: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let retries = LOOKUPS, isAgain = false; retries > 0; retries--) {
      const result = await find();
      if (result !== undefined || path === "") return result;
      const isHeld = await this.#locks.isHeld(path);
      if (!isHeld && isAgain) return undefined;
      isAgain = !isHeld; // the holder may have ended since the lookup
      if (isHeld) await this.#system.sleep(2 * (LOOKUPS - retries) + 1);
    }
  }

  async arrayAbove(path: string, options: CallOptions): Promise<string | undefined> {
    for (let at = folderOf(path); at !== ""; at = folderOf(at)) {
      if (await this.#files.stat(`${at}/${DOCUMENT}`, options) === undefined) continue;
      if (await arrayAt(this.#files, at, options) !== undefined) return at;
    }
  }

  /** Returns what is at a path once no other process is changing it. */
  async at(path: string, options: CallOptions): Promise<PathNode | undefined> {
    return await this.untilStable(path, async () => {
      const node = await this.once(path, options);
      // A folder that holds a part of an array during a move file by file.
      const isPart = this.#files.removeFolder !== undefined && path !== "" &&
        node?.array === undefined && node?.entry.kind === "folder" &&
        await this.#locks.isHeld(path);
      return isPart ? undefined : node;
    });
  }

  /** Returns what is at a path now. */
  async once(path: string, options: CallOptions): Promise<PathNode | undefined> {
    const entry = await this.#files.stat(path, options);
    if (entry === undefined) return undefined;
    const array = entry.kind === "folder" && path !== ""
      ? await arrayAt(this.#files, path, options)
      : undefined;
    if (await this.arrayAbove(path, options) !== undefined) return undefined;
    return array === undefined
      ? { entry }
      : { array, entry: await arrayEntry(this.#files, path, { array, ...options }) };
  }
}
