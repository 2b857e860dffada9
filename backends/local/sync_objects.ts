// Bringing objects to the disk that another process wrote, and may not have brought there before it
// ended.
import fs from "node:fs";
import { dirname, sep } from "node:path";
import type { CallOptions } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { closeRead } from "../../disk/disk_calls.ts";
import { type OpenedFile, openObject } from "./open_object.ts";
import type { LocalRoot } from "./root.ts";
import { type DiskSync, syncFile } from "../../disk/disk_sync.ts";

const AT_ONCE = 32;
/** Windows flushes only what may be written. */
const ACCESS = sep === "\\" ? fs.constants.O_RDWR : fs.constants.O_RDONLY;

/** The `sync` of a local store. */
export type LocalSync = (keys: readonly string[], options?: CallOptions) => Promise<void>;

/** Creates the `sync` of a local store. */
export function createObjectSync(root: LocalRoot, disk: DiskSync): LocalSync {
  // Linux tells of bytes that it could not write once, drops them and then reports success: a file that failed stays
  // failed. A folder may be tried again: file systems write its names from a journal, or stop writing at all.
  const failed = new Set<string>();

  async function syncBytes(key: string): Promise<void> {
    let opened: OpenedFile | undefined;
    try {
      opened = openObject(root, key, ACCESS);
      if (opened === undefined) return; // a folder
      const { identity } = opened.found;
      if (failed.has(identity)) throw failedBefore(root, key);
      await syncFile(opened.file).catch((error) => {
        failed.add(identity);
        throw error;
      });
    } catch (error) {
      if (!root.isMissing(error)) throw root.failure(error, { action: "sync", key });
    } finally {
      if (opened !== undefined) closeRead(opened.file);
    }
  }

  return async (keys, { signal } = {}) => {
    const folders = new Map(keys.map((key) => [dirname(root.fileOf(key)), key]));
    const some = { concurrency: AT_ONCE };
    await forEachAtOnce(keys, async (key) => {
      signal?.throwIfAborted();
      await syncBytes(key);
    }, some); // a name must not lead to less than the bytes
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
  return fault({
    code: "Unavailable",
    action: "sync",
    subject: `"${key}"`,
    state: "the disk failed to keep its bytes before",
    hint:
      "Check the disk, and save it again: what can be read of it now may be gone after a power cut.",
    retry: "never",
    key,
    backend: root.location,
  });
}
