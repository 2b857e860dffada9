// Syncs of objects that another process wrote and may not have synced.
import fs from "node:fs";
import { dirname, sep } from "node:path";
import type { RegistryError } from "../../core/errors.ts";
import { SyncRefused } from "../../core/faults/errno.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { closeRead } from "../../disk/disk_calls.ts";
import { type OpenedFile, openObject } from "./open_object.ts";
import type { LocalRoot } from "./root.ts";
import { type DiskSync, syncFile } from "../../disk/disk_sync.ts";

const AT_ONCE = 32;
/** Windows syncs only writable files. */
const ACCESS = sep === "\\" ? fs.constants.O_RDWR : fs.constants.O_RDONLY;

export function createObjectSync(
  root: LocalRoot,
  disk: DiskSync,
): (keys: readonly string[], signal?: AbortSignal) => Promise<void> {
  // Linux reports bytes that it could not write once, drops them and then reports success: a file
  // that failed stays failed. Folders may be retried: their names are in the journal of the file
  // system.
  const failed = new Set<string>();

  async function syncBytes(key: string): Promise<void> {
    let opened: OpenedFile | undefined;
    try {
      opened = openObject(root, key, ACCESS);
      if (opened === undefined) return; // a folder
      const { identity } = opened.found;
      if (failed.has(identity)) throw failedBefore(root, key);
      await syncFile(opened.file).catch((error) => {
        if (error instanceof SyncRefused) return; // of a read-only image: there is nothing to lose
        failed.add(identity);
        throw error;
      });
    } catch (error) {
      if (!root.isMissing(error)) throw root.failure(error, { action: "sync", key });
    } finally {
      if (opened !== undefined) closeRead(opened.file);
    }
  }

  return async (keys, signal) => {
    const folders = new Map(keys.map((key) => [dirname(root.fileOf(key)), key]));
    const some = { concurrency: AT_ONCE };
    await forEachAtOnce(keys, async (key) => {
      signal?.throwIfAborted();
      await syncBytes(key);
    }, some); // bytes first: a name must never lead to missing bytes
    await forEachAtOnce(folders, async ([folder, key]) => {
      signal?.throwIfAborted();
      try {
        await disk.folder(folder);
      } catch (error) {
        throw root.failure(error, { action: "sync", key });
      }
    }, some);
  };
}

function failedBefore(root: LocalRoot, key: string): RegistryError {
  return root.fault("sync", key, {
    code: "Unavailable",
    state: "an earlier fsync failed",
    hint: "Check the disk and save it again: a power failure could lose it.",
    retry: "never",
  });
}
