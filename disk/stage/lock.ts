// Whether somebody still writes into a folder, by a lock that the system takes back when a process
// ends, however that happens. Only Deno has such locks, and asks for no permission but to write
// there.
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

const NAME = "lock";

/** Takes the lock of a folder of one's own. Undefined where there are no locks. */
export function lockFolder(folder: string): HeldLock | undefined {
  const fresh = join(folder, `${NAME}-${realSystem.id()}`);
  const lock = lockFile(fresh, { createNew: true });
  if (typeof lock !== "object") return undefined;
  try {
    renameSync(fresh, join(folder, NAME)); // nobody sees it before it is locked
    return lock;
  } catch {
    lock.release();
    rmSync(fresh, { force: true });
  }
}

/** Takes the lock of a folder that somebody has left: `held` where somebody has it, undefined where nobody can tell. */
export function takeLock(folder: string): HeldLock | "held" | undefined {
  return lockFile(join(folder, NAME), {});
}

/** Whether all who have this folder see each other's locks, as it is on a disk of this machine. */
export function areLocksSeen(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return process.platform === "linux" && stats !== undefined && isOnDevice(stats.dev);
}

/**
 * Whether a number of Linux is that of a device. File systems that are on none, those of a network among them, have the
 * major number 0, and of the minor ones as many as there are such: only the lowest 8 bits of that come before the major.
 */
export function isOnDevice(dev: number): boolean {
  return Math.floor(dev / 0x100) % 0x1000 !== 0;
}

function lockFile(path: string, how: { createNew?: true }): HeldLock | "held" | undefined {
  const { Deno: deno } = globalThis as { Deno?: Partial<DenoLocks> };
  if (process.platform === "win32") return undefined; // it moves and removes nothing that is open
  let file: LockFile | undefined;
  try {
    file = deno?.openSync?.(path, { write: true, ...how });
    if (file === undefined) return undefined;
    if (file.tryLockSync(true)) return { release: file.close.bind(file) };
    file.close();
    return "held";
  } catch {
    file?.close(); // nothing is there, or a file system without locks
  }
}
