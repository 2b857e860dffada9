// Deletes of objects, and of folders that become empty.
import fs from "node:fs";
import { dirname } from "node:path";
import { look } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { isOrdinary } from "./own_files.ts";
import type { LocalRoot } from "./root.ts";

/** Deletes an object; a missing one is a success. */
export function deleteObject(root: LocalRoot, key: string): void {
  const path = root.fileOf(key);
  try {
    root.ways.check(dirname(path));
    if (!isOrdinary(look(path), { key, backend: root.location })) return; // a folder
    fs.unlinkSync(path);
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "delete", key });
  }
  removeEmptyFolders(root, dirname(path));
}

function removeEmptyFolders(root: LocalRoot, folder: string): void {
  for (let path = folder; path.length > root.path.length; path = dirname(path)) {
    try {
      root.ways.check(path); // the first existing folder may be behind a link
      fs.rmdirSync(path);
    } catch (error) {
      // ENOENT: already gone, continue above. Others: it stays, usually because it is not empty.
      if (errorCode(error) !== "ENOENT") return;
    }
  }
}
