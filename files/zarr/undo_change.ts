// Undoes a change at a path that a process did not finish. Everything that it wrote and moved away
// is in `.zarr-saving` under its id, so no other record is needed, and undoing can be repeated.
import { invalid, isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { nameOf, parsePath } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { DOCUMENT } from "./document.ts";
import { moveArray, pathsBelow, removeTree } from "./trees.ts";

/** The folder of arrays that are being written or removed. Users cannot use paths in it. */
export const WORKS = ".zarr-saving";

/** Parses a path of a user, which must be outside that folder. */
export function parseOutside(rawPath: string): string {
  const path = parsePath(rawPath);
  if (path !== WORKS && !path.startsWith(`${WORKS}/`)) return path;
  const state = "it is reserved for arrays that are being written";
  throw invalid("use", `${shown(path)} as a path`, state, { hint: "Use another path." });
}

export interface Change {
  id: string;
  path: string;
  to?: string;
  from?: string;
  /** Set by the task if it moved something to `.zarr-saving` that is removed in the end. */
  isLeft?: boolean;
}

interface Works {
  result: string;
  old: string;
  /** The document of an array that leaves the path, while its chunks are moved. */
  document: string;
  /** The document of an array that arrives at the path, while its chunks are moved. */
  resultDocument: string;
}

export function worksOf({ id }: Pick<Change, "id">): Works {
  const own = `${WORKS}/${id}`;
  return {
    result: own,
    old: `${own}-old`,
    document: `${own}-document`,
    resultDocument: `${own}-made-document`,
  };
}

/** Undoes a change that did not finish, or removes the remains of one that did. */
export async function undoChange(files: FileStore, change: Change): Promise<void> {
  const { path, to } = change;
  const { result, old, document, resultDocument } = worksOf(change);
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
  for (const leftover of [result, old, document, resultDocument]) await removeTree(files, leftover);
}

/** Moves an array back to the path that it was leaving file by file. */
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

/** True if the old content can return to a path: no array or file is there now. */
async function isFree(files: FileStore, path: string): Promise<boolean> {
  const entry = await files.stat(path);
  if (entry === undefined) return true;
  if (entry.kind !== "folder" || await files.stat(`${path}/${DOCUMENT}`) !== undefined) {
    return false;
  }
  if (files.removeFolder !== undefined) await removeParts(files, path);
  await removeIfEmpty(files, path);
  return true; // if the folder is not empty, the move to it fails, and nothing is lost
}

/** Removes chunks without a document, the remains of an array that a bucket moved or removed. */
async function removeParts(files: FileStore, path: string): Promise<void> {
  const entry = await files.stat(path);
  if (entry?.kind !== "folder" || await files.stat(`${path}/${DOCUMENT}`) !== undefined) return;
  for (const child of await Array.fromAsync(files.list(path))) {
    if (/^c(\.|$)/.test(nameOf(child.path))) await removeTree(files, child.path);
  }
  await removeIfEmpty(files, path);
}

async function removeIfEmpty(files: FileStore, path: string): Promise<void> {
  try {
    await files.remove(path);
  } catch (error) {
    if (!isRegistryError(error, "Conflict")) throw error; // something else is in it
  }
}
