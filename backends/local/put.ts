// Writes of objects: stage, place, sync the folders.
import { dirname } from "node:path";
import type { Body, Locking, PutOptions, PutResult } from "../../core/backend.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { checkFileLocks, withLock } from "./lock.ts";
import { isTaken, placeByLink, placeByRename, type Placement, placeUnderLock } from "./place.ts";
import { saysFull } from "./errors.ts";
import { type LocalRoot, objectInfo } from "./root.ts";
import { giveReserve } from "./reserve.ts";
import { closeStage, removeStage, type Stage, writeStage } from "./stage.ts";
import type { DiskSync } from "../../disk/disk_sync.ts";

interface LocalPutOptions {
  /** Syncs files and folders. @default no sync */
  disk?: DiskSync;
  locking: Locking;
  system: System;
}

export class LocalPut {
  readonly #root: LocalRoot;
  readonly #options: LocalPutOptions;
  /** First tries of puts that may use the reserve. */
  readonly #tries = new Set<Promise<unknown>>();
  /** Puts with the last space, one after another: each needs a block until its rename frees one. */
  readonly #oneByOne = createLimit(1);
  #waiting = 0;

  constructor(root: LocalRoot, options: LocalPutOptions) {
    this.#root = root;
    this.#options = options;
  }

  async put(key: string, body: Body, options: PutOptions): Promise<PutResult> {
    if (!options.useReserve || !(body instanceof Uint8Array)) {
      return await this.#write(key, body, options);
    }
    // Behind those that wait for the last space: a first try would take it from them.
    const written = this.#waiting === 0 ? await this.#tryFirst(key, body, options) : undefined;
    return written ?? await this.#putLast(key, body, options);
  }

  /** Returns undefined if the disk is full, and nothing was written. */
  async #tryFirst(key: string, body: Body, options: PutOptions): Promise<PutResult | undefined> {
    const first = this.#write(key, body, options);
    this.#tries.add(first);
    try {
      return await first;
    } catch (error) {
      if (!saysFull(error) || (error as RegistryError).maybeWritten) throw error;
    } finally {
      this.#tries.delete(first);
    }
  }

  /** Puts with the reserve, which another write may have freed already. */
  async #putLast(key: string, body: Body, options: PutOptions): Promise<PutResult> {
    const isDeletion = options.mode === "create"; // a collector overwrites
    giveReserve(this.#root, { isDeletion });
    this.#waiting++;
    try {
      return await this.#oneByOne(async () => {
        await Promise.allSettled(this.#tries);
        return await this.#write(key, body, options);
      });
    } catch (error) {
      throw isDeletion && saysFull(error) ? this.#mustCollect(key, error as RegistryError) : error;
    } finally {
      this.#waiting--;
    }
  }

  #mustCollect(key: string, { maybeWritten, cause }: RegistryError): RegistryError {
    return this.#root.fault("put", key, {
      code: "Unavailable",
      retry: "never",
      state: "the disk is full but for what collecting garbage needs",
      hint: "Collect the garbage at once: this frees what was deleted. Then try again.",
      maybeWritten,
      cause,
    });
  }

  async #write(key: string, body: Body, { mode, size, signal }: PutOptions): Promise<PutResult> {
    const root = this.#root;
    const { disk, locking, system } = this.#options;
    const path = root.fileOf(key);
    const create = mode === "create";
    if (locking === "file") checkFileLocks(root);
    // A create that has already lost writes nothing. Streams are always read, as by other stores.
    const mayLook = create && !(body instanceof ReadableStream);
    if (mayLook && isTaken({ root, key, path })) return await this.#lost(key, path);
    const stage = await writeStage(root, body, { key, size, disk, system, signal });
    try {
      const placement = { root, key, path, stagePath: stage.path };
      const written = await this.#place(placement, create, signal);
      if (!create) stage.isGone = true; // renamed to its key
      return written ? await this.#won(key, path, stage) : await this.#lost(key, path);
    } catch (error) {
      throw root.failure(error, { action: "put", key });
    } finally {
      closeStage(stage);
    }
  }

  async #place(placement: Placement, create: boolean, signal?: AbortSignal): Promise<boolean> {
    const { locking, system } = this.#options;
    if (locking === "link") return create ? placeByLink(placement) : placeByRename(placement);
    return await withLock(
      this.#root,
      () => create ? placeUnderLock(placement) : placeByRename(placement),
      { system, signal },
    );
  }

  async #won(key: string, path: string, stage: Stage): Promise<PutResult> {
    try {
      removeStage(stage); // first: removing a link changes the time of the file
      const info = objectInfo(key, stage.file.look());
      const { disk } = this.#options;
      await disk?.folder(dirname(path)).catch((cause) => Promise.reject(this.#unkept(key, cause)));
      return { written: true, info };
    } catch (error) {
      throw this.#root.failure(error, { action: "put", key, maybeWritten: true });
    }
  }

  /** Reading it back proves nothing: the disk may lose what is readable now. */
  #unkept(key: string, cause: unknown): RegistryError {
    return this.#root.fault("put", key, {
      code: "Unknown",
      state: "the disk failed to sync it and may lose it",
      hint: "Check the disk, then read the key before you write again.",
      maybeWritten: true,
      cause,
    });
  }

  /**
   * Syncs the folder: the winner may have died before it did, and the caller relies on the object.
   */
  async #lost(key: string, path: string): Promise<PutResult> {
    try {
      await this.#options.disk?.folder(dirname(path));
      return { written: false, reason: "exists" };
    } catch (error) {
      throw this.#root.failure(error, { action: "put", key });
    }
  }
}
