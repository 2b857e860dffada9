// Moving and removing an array file by file, as in a bucket. Without its document a folder is not an array, and the
// document leaves first and arrives last. So a part of an array is never taken for all of it, even if the program dies.
// `undoChange` restores an array whose move failed.
import type { CallOptions } from "../../core/backend.ts";
import type { FileStore } from "../../core/file_store.ts";
import { joinPath } from "../../core/files/paths.ts";
import { DOCUMENT } from "./array_files.ts";
import { removeTree } from "./remove_tree.ts";

/**
 * Gives an array another path, which must be free.
 *
 * @param apart a free path for its document while the chunks are moved
 */
export async function moveArray(
  files: FileStore,
  path: string,
  { to, apart, ...options }: CallOptions & { to: string; apart: string },
): Promise<void> {
  if (files.removeFolder === undefined) return await files.move(path, to, options);
  await files.move(joinPath(path, DOCUMENT), apart, options);
  await files.move(path, to, options);
  await files.move(apart, joinPath(to, DOCUMENT), options);
}

export async function removeArray(
  files: FileStore,
  path: string,
  { apart, ...options }: CallOptions & { apart: string },
): Promise<void> {
  if (files.removeFolder !== undefined) {
    await files.remove(joinPath(path, DOCUMENT), options);
    return await files.removeFolder(path, options);
  }
  await files.move(path, apart, options);
  await removeTree(files, apart, options);
}
