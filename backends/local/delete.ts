// Removing objects, and with the last one in a folder the folder.
import fs from "node:fs";
import { dirname } from "node:path";
import { look } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { isOrdinary } from "./own_files.ts";
import type { LocalRoot } from "./root.ts";

/** Removes an object; a missing one is a success. */
export function deleteObject(root: LocalRoot, key: string): void {
  const path = root.fileOf(key);
  try {
    root.ways.check(dirname(path));
    if (!isOrdinary(look(path), { key, backend: root.location })) return; // no object, but others below it
    fs.unlinkSync(path);
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "delete", key });
  }
  removeEmptyFolders(root, dirname(path));
}

function removeEmptyFolders(root: LocalRoot, folder: string): void {
  for (let path = folder; path.length > root.path.length; path = dirname(path)) {
    try {
      root.ways.check(path); // the first that is there may be behind a link, where the key's own folder is not
      fs.rmdirSync(path);
    } catch (error) {
      // Gone already: on to the one above. Anything else: it stays, mostly because it is not empty; the object is gone.
      if (errorCode(error) !== "ENOENT") return;
    }
  }
}
