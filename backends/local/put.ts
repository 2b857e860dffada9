// Writing objects: stage, then place, then bring the folders to the disk.
import { dirname } from "node:path";
import type { Body, Locking, PutOptions, PutResult } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { checkFileLocks, withLock } from "./lock.ts";
import { isTaken, placeByLink, placeByRename, type Placement, placeUnderLock } from "./place.ts";
import { saysFull } from "./errors.ts";
import { type LocalRoot, objectInfo } from "./root.ts";
import { giveReserve } from "./reserve.ts";
import { closeStage, removeStage, type Stage, writeStage } from "./stage.ts";
import type { DiskSync } from "../../disk/disk_sync.ts";
import type { Turn } from "./turn.ts";

export interface LocalPutOptions {
  /** Brings names to the disk; where it is left out, nothing waits for the disk. */
  disk?: DiskSync;
  locking: Locking;
  system: System;
  turn: Turn;
}

/** The `put` of a local store. */
export class LocalPut {
  readonly #root: LocalRoot;
  readonly #options: LocalPutOptions;

  constructor(root: LocalRoot, options: LocalPutOptions) {
    this.#root = root;
    this.#options = options;
  }

  async put(key: string, body: Body, options: PutOptions): Promise<PutResult> {
    try {
      return await this.#write(key, body, options);
    } catch (error) {
      // What was put is not there: it can be put again.
      const mayFree = options.freesRoom && body instanceof Uint8Array && saysFull(error);
      if (!mayFree || (error as RegistryError).maybeWritten || !giveReserve(this.#root)) {
        throw error;
      }
      return await this.#write(key, body, options);
    }
  }

  async #write(key: string, body: Body, { mode, size, signal }: PutOptions): Promise<PutResult> {
    const root = this.#root;
    const { disk, locking, system, turn } = this.#options;
    const path = root.fileOf(key);
    const create = mode === "create";
    if (locking === "file") checkFileLocks(root);
    // A loser that can be seen writes nothing. A stream is read, as by any other store, whatever comes of it.
    const mayLook = create && !(body instanceof ReadableStream);
    if (mayLook && isTaken({ root, key, path })) return await this.#lost(key, path);
    const stage = await writeStage(root, body, { key, size, disk, system, turn, signal });
    try {
      const placement = { root, key, path, stagePath: stage.path };
      const written = await this.#place(placement, create, signal);
      if (!create) stage.isGone = true; // it has its key now
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
      removeStage(stage); // before the look at the file: losing a link changes its time
      const info = objectInfo(key, stage.file.look());
      const { disk } = this.#options;
      await disk?.folder(dirname(path)).catch((cause) => Promise.reject(this.#unkept(key, cause)));
      return { written: true, info };
    } catch (error) {
      throw this.#root.failure(error, { action: "put", key, maybeWritten: true });
    }
  }

  /** Not to be resolved by reading back: what can be read is not what the disk keeps. */
  #unkept(key: string, cause: unknown): RegistryError {
    return fault({
      code: "Unknown",
      action: "put",
      subject: `"${key}"`,
      state: "it is there, and the disk may lose it",
      hint: "Check the disk, then read the key before you write again.",
      key,
      backend: this.#root.location,
      maybeWritten: true,
      cause,
    });
  }

  /** Its writer may have died before it brought the folders to the disk, and the caller builds upon it. */
  async #lost(key: string, path: string): Promise<PutResult> {
    try {
      await this.#options.disk?.folder(dirname(path));
      return { written: false, reason: "exists" };
    } catch (error) {
      throw this.#root.failure(error, { action: "put", key });
    }
  }
}
