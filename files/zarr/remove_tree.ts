// Removing a folder of a file store with all in it.
import type { CallOptions } from "../../core/backend.ts";
import type { FileStore } from "../../core/file_store.ts";

/** Removes what is at a path, with all below it. Nothing there is success. */
export async function removeTree(
  files: FileStore,
  path: string,
  options: CallOptions = {},
): Promise<void> {
  const found = await files.stat(path, options);
  if (found === undefined) return;
  if (found.kind === "folder") {
    if (files.removeFolder !== undefined) return await files.removeFolder(path, options);
    const entries = await Array.fromAsync(files.list(path, options));
    for (const entry of entries) await removeTree(files, entry.path, options);
  }
  await files.remove(path, options);
}
