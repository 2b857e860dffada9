// Brings files and names to the disk: a file is safe from a power cut only when its name is, and
// the names of all folders above it. Mostly by other threads: a disk brings many files home in the
// time it needs for one.
import fs from "node:fs";
import { dirname, sep } from "node:path";
import { mayRead } from "../core/may_read.ts";
import { closeRead, lookIfThere } from "./disk_calls.ts";
import { errorCode } from "./file_errors.ts";

const { O_RDONLY, O_DIRECTORY = 0 } = fs.constants;
const MAX_REMEMBERED = 10_000;

/** What says that a folder could not be kept. Others say that it is somebody else's, or on what keeps nothing. */
const LOST: ReadonlySet<string | undefined> = new Set(["EIO", "ENOSPC", "EDQUOT"]);

export interface DiskSync {
  file(file: number): Promise<void>;
  /** The name of its root and those of the folders above: whoever made them may have ended before it did this. */
  root(): Promise<void>;
  /** The names in a folder, those of the folder itself and of all above it. */
  folder(path: string): Promise<void>;
}

/**
 * Creates the {@linkcode DiskSync} of a root, which does not repeat what succeeded before. A folder is known by its
 * path and by what tells it from one that another process removed and made anew.
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
        if (identity === undefined) return; // removed meanwhile, and what was written in it too
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

interface GroupSync {
  running: Promise<void>;
  /** The one that begins when that has ended, for all who asked meanwhile. */
  next?: Promise<void>;
}

/**
 * Brings what many have written to the disk at once: who asks while one sync of a folder is under way shares the next
 * one with all others who do. One that began before may not hold what was written since.
 */
function createGroupSync(sync: (path: string) => Promise<void>): (path: string) => Promise<void> {
  const groups = new Map<string, GroupSync>();
  return (path) => {
    const group = groups.get(path);
    if (group === undefined) return begin(path);
    group.next ??= group.running.catch(() => {}).then(() => begin(path));
    return group.next;
  };

  function begin(path: string): Promise<void> {
    const group: GroupSync = {
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
  if (sep === "\\") return; // Windows opens no folders; NTFS journals their names
  let file: number;
  try {
    file = fs.openSync(path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // removed meanwhile
    throw error;
  }
  try {
    await syncFile(file);
  } finally {
    closeRead(file);
  }
}

export function syncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fs.fsync(file, (error) => error ? reject(error) : resolve())
  );
}

function identify(path: string): string | undefined {
  return lookIfThere(path)?.identity;
}
