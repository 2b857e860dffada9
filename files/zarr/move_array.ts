/**
 * Moving and removing an array where a folder takes several steps, as in a bucket: it is none without its document, which
 * leaves first and comes last. So nobody takes what is left of one for all of it, also where the program dies. What a
 * move that fails leaves is put together by `undoChange`.
 *
 * @module
 */
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

/** Removes an array: in one step, where folders are moved in one. */
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
