// Makes files and names durable. A file survives a power cut only if its name does, and the names
// of all folders above it. Other threads do this: a disk syncs many files in the time of one.
import fs from "node:fs";
import { dirname, sep } from "node:path";
import { mayRead } from "../core/may_read.ts";
import { SyncRefused } from "../core/faults/errno.ts";
import { closeRead, lookIfThere } from "./disk_calls.ts";
import { errorCode } from "./file_errors.ts";

const { O_RDONLY, O_DIRECTORY = 0 } = fs.constants;
const MAX_REMEMBERED = 10_000;

/** Errors that mean lost names. Others mean no permission, or no support. */
const LOST: ReadonlySet<string | undefined> = new Set(["EIO", "ENOSPC", "EDQUOT"]);
const NO_SYNC = ["EINVAL", "EBADF", "EISDIR", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"];

export interface DiskSync {
  file(file: number): Promise<void>;
  /**
   * Syncs the names of the root and all folders above it, which a dead process may have created.
   */
  root(): Promise<void>;
  /** Syncs the names in a folder, in its parents, and in those of the root. */
  folder(path: string): Promise<void>;
}

/**
 * Creates the {@linkcode DiskSync} of a root, which does not repeat what succeeded before. The
 * identity of a folder distinguishes it from a later one with the same path.
 */
export function createDiskSync(root: string): DiskSync {
  const safe = new Map<string, string>();
  const syncTogether = createGroupSync(syncFolder);

  async function syncRoot(): Promise<void> {
    const identity = identify(root);
    if (identity === undefined || safe.get(root) === identity) return;
    for (let path = root; path !== dirname(path); path = dirname(path)) {
      if (mayRead(dirname(path))) await syncAbove(dirname(path));
    }
    safe.set(root, identity);
  }

  return {
    file: syncFile,
    root: syncRoot,
    async folder(folder) {
      await syncRoot();
      const folders = [folder];
      const named: [path: string, identity: string][] = [];
      for (let path = folder; path !== root; path = dirname(path)) {
        const identity = identify(path);
        if (identity === undefined) return; // removed, with its files
        if (safe.get(path) === identity) break;
        named.push([path, identity]);
        folders.push(dirname(path));
      }
      await Promise.all(folders.map(syncTogether));
      if (safe.size + named.length > MAX_REMEMBERED) safe.clear();
      for (const [path, identity] of named) safe.set(path, identity);
    },
  };
}

/**
 * Shares syncs between callers: those that ask during a sync of a folder wait for one next sync.
 * The running one may have missed their names.
 */
function createGroupSync(sync: (path: string) => Promise<void>): (path: string) => Promise<void> {
  interface Group {
    running: Promise<void>;
    next?: Promise<void>;
  }
  const groups = new Map<string, Group>();
  return (path) => {
    const group = groups.get(path);
    if (group === undefined) return begin(path);
    group.next ??= group.running.catch(() => {}).then(() => begin(path));
    return group.next;
  };

  function begin(path: string): Promise<void> {
    const group: Group = {
      running: sync(path).finally(() => {
        if (group.next === undefined) groups.delete(path);
      }),
    };
    groups.set(path, group);
    return group.running;
  }
}

async function syncAbove(path: string): Promise<void> {
  try {
    await syncFolder(path);
  } catch (error) {
    if (LOST.has(errorCode(error))) throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  if (sep === "\\") return; // Windows cannot open folders; NTFS journals their names
  let file: number;
  try {
    file = fs.openSync(path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // removed
    throw error;
  }
  try {
    await syncFile(file);
  } catch (error) {
    if (!(error instanceof SyncRefused)) throw error; // CIFS, DrvFs, 9p and some of FUSE
  } finally {
    closeRead(file);
  }
}

/** Makes a file or folder durable. Rejects with {@linkcode SyncRefused} where nothing can. */
export function syncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fs.fsync(file, (cause) => {
      if (!cause) return resolve();
      const isRefused = NO_SYNC.includes(errorCode(cause) ?? "");
      reject(isRefused ? new SyncRefused("fsync is not supported", { cause }) : cause);
    })
  );
}

function identify(path: string): string | undefined {
  return lookIfThere(path)?.identity;
}
