/**
 * Undoing what a process had begun to change at a path, as far as it had come. All that it made and took away lies in
 * `.zarr-saving` under its id, so this needs no other record, and can be repeated.
 *
 * @module
 */
import { isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { nameOf } from "../../core/files/paths.ts";
import { DOCUMENT } from "./array_files.ts";
import { pathsBelow } from "./copy_array.ts";
import { moveArray } from "./move_array.ts";
import { removeTree } from "./remove_tree.ts";

/** Where arrays lie while they are written, and while they are removed: no path of a user is in it. */
export const WORKS = ".zarr-saving";

/** A change of what is at a path. */
export interface Change {
  /** Names what it makes. */
  id: string;
  /** The path. */
  path: string;
  /** Of what is moved: where to. */
  to?: string;
  /** Of the target of a move: where it comes from. */
  from?: string;
  /** Set by its task: what it has replaced lies in the works, and is removed when it has succeeded. */
  isLeft?: boolean;
}

/** What a change makes on its way. */
export interface Works {
  /** What will be at the path. */
  made: string;
  /** What was there. */
  old: string;
  /** The document of what leaves the path, while its chunks are moved. */
  document: string;
  /** The document of what comes to the path, while its chunks are moved. */
  madeDocument: string;
}

/** Where a change keeps what it makes. */
export function worksOf({ id }: Pick<Change, "id">): Works {
  const own = `${WORKS}/${id}`;
  return { made: own, old: `${own}-old`, document: `${own}-document`, madeDocument: `${own}-made-document` };
}

/** Undoes a change that has not reached its end, and removes what is left of one that has. */
export async function undoChange(files: FileStore, change: Change): Promise<void> {
  const { path, to } = change;
  const { made, old, document, madeDocument } = worksOf(change);
  const has = async (path: string) => await files.stat(path) !== undefined;
  if (await has(document)) {
    if (await has(`${path}/${DOCUMENT}`)) await files.remove(document);
    else await putTogether(files, { from: to ?? old, path, document });
  }
  const before = await files.stat(old);
  const isArray = before?.kind === "folder" && await has(`${old}/${DOCUMENT}`);
  const isWhole = isArray || before !== undefined && before.kind !== "folder";
  if (isWhole && await isFree(files, path)) {
    if (isArray) await moveArray(files, old, { to: path, apart: document });
    else await files.move(old, path);
  }
  if (files.removeFolder !== undefined && path !== "") await removeParts(files, path);
  for (const left of [made, old, document, madeDocument]) await removeTree(files, left);
}

/** Brings an array back to the path that it was leaving file by file. */
async function putTogether(
  files: FileStore,
  { from, path, document }: { from: string; path: string; document: string },
): Promise<void> {
  const paths = await files.stat(from) === undefined ? [] : await pathsBelow(files, from, {});
  for (const file of paths) {
    if (nameOf(file) === DOCUMENT) continue;
    try {
      await files.move(file, `${path}${file.slice(from.length)}`);
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
      await files.remove(file); // it was copied, and not yet removed
    }
  }
  await removeTree(files, from);
  await files.move(document, `${path}/${DOCUMENT}`);
}

/** Whether what was at a path can return: nothing that counts is there now. */
async function isFree(files: FileStore, path: string): Promise<boolean> {
  const found = await files.stat(path);
  if (found === undefined) return true;
  if (found.kind !== "folder" || await files.stat(`${path}/${DOCUMENT}`) !== undefined) return false;
  if (files.removeFolder !== undefined) await removeParts(files, path);
  try {
    await files.remove(path);
  } catch (error) {
    if (!isRegistryError(error, "Conflict")) throw error;
  }
  return true; // where the folder is not empty, the move to it fails, and nothing is removed
}

/** Removes the chunks of an array that has no document: they are left of one that came or went file by file. */
async function removeParts(files: FileStore, path: string): Promise<void> {
  const found = await files.stat(path);
  if (found?.kind !== "folder" || await files.stat(`${path}/${DOCUMENT}`) !== undefined) return;
  for (const entry of await Array.fromAsync(files.list(path))) {
    if (/^c(\.|$)/.test(nameOf(entry.path))) await removeTree(files, entry.path);
  }
  try {
    await files.remove(path);
  } catch (error) {
    if (!isRegistryError(error, "Conflict")) throw error; // something else is in it
  }
}
