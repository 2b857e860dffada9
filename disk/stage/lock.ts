// Locks of folders that are being written. The system releases them when a process ends. Only Deno
// has such locks, without further permissions.
import { lstatSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { realSystem } from "../../core/system.ts";

export interface HeldLock {
  release(): void;
}

interface LockFile {
  tryLockSync(exclusive: boolean): boolean;
  close(): void;
}

interface DenoLocks {
  openSync(path: string, options: { write: true; createNew?: true }): LockFile;
}

/** The locked file in a folder. */
export const LOCK_NAME = "lock";

/** Locks a new folder. Undefined if locks are not supported. */
export function lockFolder(folder: string): HeldLock | undefined {
  const fresh = join(folder, `${LOCK_NAME}-${realSystem.id()}`);
  const lock = lockFile(fresh, { createNew: true });
  if (typeof lock !== "object") return undefined;
  try {
    renameSync(fresh, join(folder, LOCK_NAME)); // never visible unlocked
    return lock;
  } catch {
    lock.release();
    rmSync(fresh, { force: true });
  }
}

/** Locks an abandoned folder: `held` if its owner lives, undefined if that is unknown. */
export function takeLock(folder: string): HeldLock | "held" | undefined {
  return lockFile(join(folder, LOCK_NAME), {});
}

/** True for folders on local disks, where all processes see the same locks. */
export function areLocksSeen(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return process.platform === "linux" && stats !== undefined && isOnDevice(stats.dev);
}

/**
 * True for the device number of a local disk on Linux. Other file systems, as of a network, have
 * the major number 0 and as many minor ones, whose lowest 8 bits come before the major.
 */
export function isOnDevice(dev: number): boolean {
  return Math.floor(dev / 0x100) % 0x1000 !== 0;
}

function lockFile(path: string, how: { createNew?: true }): HeldLock | "held" | undefined {
  const { Deno: deno } = globalThis as { Deno?: Partial<DenoLocks> };
  if (process.platform === "win32") return undefined; // open files cannot be moved there
  let file: LockFile | undefined;
  try {
    file = deno?.openSync?.(path, { write: true, ...how });
    if (file === undefined) return undefined;
    if (file.tryLockSync(true)) return { release: file.close.bind(file) };
    file.close();
    return "held";
  } catch {
    file?.close(); // not found, or no locks on this file system
  }
}
