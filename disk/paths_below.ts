// Walks a folder without following links. `readdir` of Node with `recursive` enters folders behind
// links, and never ends if one leads back.
import { join } from "node:path";
import { type FolderEntry, readFolder } from "./disk_calls.ts";
import { fileError } from "./file_errors.ts";

/** Reads a folder, like `readFolder`. Throws the error for users. */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  try {
    return await readFolder(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/**
 * Iterates over everything below a folder: relative paths with the separator of the system, each
 * folder before its content.
 */
export async function* pathsBelow(root: string): AsyncGenerator<string> {
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await listFolder(join(root, folder))) {
      const path = join(folder, entry.name);
      yield path;
      if (entry.isDirectory) waiting.push(path);
    }
  }
}
