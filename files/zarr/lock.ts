// Locks of arrays: one process at a time changes the array at a path. A lock is a file in
// `.zarr-saving` that only one process can create. Its owner renews it. If the owner dies, the lock
// expires, and the next process undoes the change that the owner had begun. A process takes over an
// expired lock by creating a second file whose name ends in the id of the old owner, so only one
// process can.
import { sha256 } from "../../core/bytes/digest.ts";
import { conflict, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import type { PathPlace } from "../paths/path_errors.ts";
import { shown } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { System } from "../../core/system.ts";
import { removeTree } from "./trees.ts";
import { type Change, undoChange, WORKS, worksOf } from "./undo_change.ts";
import { parsedJson } from "../../core/text/json_text.ts";

/** The lifetime of a lock without renewal, milliseconds. */
const LEASE_MS = 60_000;
/** Retries while other processes take over a lock. */
const TRIES = 20;

interface Lock extends Change {
  /** The time of the last renewal, milliseconds since 1970. */
  at: number;
}

/** A file of a lock: the first one, or one that takes over an expired one. */
interface Link extends Lock {
  file: string;
}

interface Claim {
  own: Link;
  expired: Link[];
}

/** A change of an array. It calls `check` before it places its result. */
export type ArrayTask<T> = (change: Change, check: () => Promise<void>) => Promise<T>;

export class ArrayLocks {
  readonly #files: FileStore;
  readonly #system: System;

  constructor(files: FileStore, system: System) {
    this.#files = files;
    this.#system = system;
  }

  /**
   * Runs a change of an array alone; throws `Conflict` while another process changes it. Undoes a
   * change that fails. `check` throws `Conflict` if another process took over the expired lock.
   */
  async hold<T>(
    newChange: Omit<Change, "id" | "isLeft">,
    place: PathPlace,
    task: ArrayTask<T>,
  ): Promise<T> {
    const claimed = await this.#claim(newChange);
    if (claimed === undefined) throw busy(place);
    const { own, expired } = claimed;
    const isOwner = this.#createOwnership(own);
    const check = async () => {
      if (!await isOwner()) throw busy(place);
    };
    const ended = new AbortController();
    const renewing = this.#renew(own, ended.signal);
    let state: "idle" | "begun" | "done" = "idle";
    try {
      for (const change of expired) await this.#undoExpired(change, place);
      state = "begun";
      const result = await task(own, check);
      state = "done";
      return result;
    } finally {
      ended.abort();
      await renewing;
      // The task succeeded, or its error is thrown.
      await this.#release(claimed, state, isOwner).catch(() => {});
    }
  }

  /** True while an array is being changed. Undoes the change of a dead process. */
  async isHeld(path: string): Promise<boolean> {
    const links = await this.#linksOf(path);
    if (links.length === 0) return false;
    if (!this.#isExpired(itemAt(links, -1))) return true;
    try {
      await this.hold(
        { path },
        { action: "inspect", path, location: this.#files.location },
        () => Promise.resolve(),
      );
      return false;
    } catch (error) {
      // No permission, or another process was faster.
      if (isRegistryError(error, "Conflict", "Denied", "Unsupported")) return true;
      throw error;
    }
  }

  /** Undoes all changes of dead processes. */
  async recoverAll(): Promise<void> {
    const locks: string[] = [];
    try {
      for await (const { path } of this.#files.list(WORKS)) {
        if (LOCK_FILE.test(path)) locks.push(path);
      }
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return;
      throw error;
    }
    for (const file of locks) {
      const lock = await this.#read(file);
      if (lock !== undefined && lock.path !== "") await this.isHeld(lock.path);
    }
  }

  #isExpired({ at }: Lock): boolean {
    return Math.abs(this.#system.now() - at) > LEASE_MS;
  }

  async #read(file: string): Promise<Link | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        const text = new TextDecoder().decode(await (await this.#files.open(file)).bytes());
        return { ...lockOf(text), file };
      } catch (error) {
        if (isRegistryError(error, "NotFound")) return undefined;
        if (!isRegistryError(error, "Conflict")) throw error; // else it was renewed
      }
    }
    throw busy({ action: "read the lock of", path: file, location: this.#files.location });
  }

  async #linksOf(path: string): Promise<Link[]> {
    const links: Link[] = [];
    for (let file = fileOf(path);; file = `${fileOf(path)}.${itemAt(links, -1).id}`) {
      const link = await this.#read(file);
      if (link === undefined) return links;
      links.push(link);
    }
  }

  /** Makes this process the owner; undefined if another process is. */
  async #claim(newChange: Omit<Change, "id" | "isLeft">): Promise<Claim | undefined> {
    const { path } = newChange;
    for (let tries = 0; tries < TRIES; tries++) {
      const expired = await this.#linksOf(path);
      const last = expired.at(-1);
      if (last !== undefined && !this.#isExpired(last)) return undefined;
      const file = last === undefined ? fileOf(path) : `${fileOf(path)}.${last.id}`;
      const own: Link = { ...newChange, id: this.#system.id(), at: this.#system.now(), file };
      try {
        await this.#files.write(file, textOf(own), { mode: "create" });
      } catch (error) {
        if (isRegistryError(error, "AlreadyExists")) continue; // another process was faster
        throw error;
      }
      if (last === undefined || (await this.#read(fileOf(path)))?.id === expired[0]?.id) {
        return { own, expired };
      }
      await this.#files.remove(file); // the owner was alive, and released it
    }
    return undefined;
  }

  async #renew(own: Link, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#system.sleep(LEASE_MS / 3, signal);
        if ((await this.#read(own.file))?.id !== own.id) return;
        await this.#files.write(own.file, textOf({ ...own, at: this.#system.now() }));
      }
    } catch { /* the store fails: the lock expires */ }
  }

  /** Returns a function that checks whether a new lock was not taken over. */
  #createOwnership(own: Link): () => Promise<boolean> {
    // Suspending a machine stops one of the clocks.
    const clocks = () => [this.#system.monotonic(), this.#system.now()];
    const claimedAt = clocks();
    return async () => {
      const isSure = clocks().every((ms, at) =>
        Math.abs(ms - itemAt(claimedAt, at)) < LEASE_MS / 2
      );
      return isSure || (await this.#linksOf(own.path)).at(-1)?.id === own.id;
    };
  }

  /** Ends a lock. If the store fails, it expires, and another process does this. */
  async #release(
    { own, expired }: Claim,
    state: "idle" | "begun" | "done",
    isOwner: () => Promise<boolean>,
  ): Promise<void> {
    if (!await isOwner()) return await this.#withdraw(own);
    if (state === "begun" || own.isLeft) await undoChange(this.#files, own);
    // The first file goes first, so that its readers also see the files that take it over. An idle
    // lock keeps the expired ones, because their change must still be undone.
    for (const { file } of state === "idle" ? [own] : [...expired, own]) {
      await this.#files.remove(file);
    }
  }

  /** Undoes a change after a takeover. An array at its path belongs to the new owner. */
  async #withdraw(change: Change): Promise<void> {
    const { result, old, document } = worksOf(change);
    const oldParts = await Promise.all([old, document].map((path) => this.#files.stat(path)));
    if (oldParts.some((entry) => entry !== undefined)) await undoChange(this.#files, change);
    else await removeTree(this.#files, result);
  }

  /** An array that is being moved is protected by the lock of its old path. */
  async #undoExpired(change: Change, place: PathPlace): Promise<void> {
    if (change.from !== undefined && await this.isHeld(change.from)) throw busy(place);
    await undoChange(this.#files, change);
  }
}

const LOCK_FILE = /\/lock-[0-9a-f]+$/;

function fileOf(path: string): string {
  return `${WORKS}/lock-${sha256(path).slice(0, 32)}`;
}

function textOf({ id, path, to, from, at }: Lock): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ id, path, to, from, at }));
}

/** An empty file, as after a power cut, is an expired lock. */
function lockOf(text: string): Lock {
  return parsedJson(text) as Lock | undefined ?? { id: "unknown", path: "", at: 0 };
}

export function busy({ action, path, location }: PathPlace): RegistryError {
  return conflict(action, shown(path), "another program is changing it", {
    hint: "Try again when it has finished; the lock of a crashed program expires after a minute.",
    key: path,
    backend: location,
  });
}
