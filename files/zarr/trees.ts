// Copies, moves and removes arrays with their folders. A bucket does that file by file: without its
// document a folder is not an array, and the document leaves first and arrives last, so a part of
// an array never looks like all of it, even if the program dies. `undoChange` restores an array
// whose move failed.
import type { CallOptions } from "../../core/backend.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { joinPath } from "../../core/naming/paths.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { DOCUMENT, readDocument, replacedAgain } from "./document.ts";

/** Retries if an array is replaced while it is copied. */
const TRIES = 20;

/** Copies an array into a free folder, its document last. False if there is none any more. */
export async function copyArray(
  files: FileStore,
  from: string,
  { to, signal }: CallOptions & { to: string },
): Promise<boolean> {
  const document = () => readDocument(files, from, { signal });
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await document();
    if (before === undefined) return false;
    try {
      const paths = await pathsBelow(files, from, { signal });
      await forEachAtOnce(paths.filter((path) => path !== `${from}/${DOCUMENT}`), async (path) => {
        await files.write(`${to}${path.slice(from.length)}`, await files.open(path, { signal }), {
          signal,
        });
      });
      if (sameBytes(before, await document())) {
        await files.write(`${to}/${DOCUMENT}`, before, { signal });
        return true;
      }
    } catch (error) {
      if (!isRegistryError(error, "Conflict", "NotFound")) throw error; // else it was replaced
    }
    await removeTree(files, to, { signal });
  }
  throw replacedAgain("copy", from, { backend: files.location, tries: TRIES });
}

export async function pathsBelow(
  files: FileStore,
  folder: string,
  options: CallOptions,
): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path, kind } of files.list(folder, options)) {
    if (kind === "file") paths.push(path);
    if (kind !== "folder") continue;
    for (const below of await pathsBelow(files, path, options)) paths.push(below);
  }
  return paths;
}

/** Moves an array to a free path. Its document is at `apart` while the chunks are moved. */
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

/** Removes a path and everything below it, if it exists. */
export async function removeTree(
  files: FileStore,
  path: string,
  options: CallOptions = {},
): Promise<void> {
  const entry = await files.stat(path, options);
  if (entry === undefined) return;
  if (entry.kind === "folder") {
    if (files.removeFolder !== undefined) return await files.removeFolder(path, options);
    const entries = await Array.fromAsync(files.list(path, options));
    for (const child of entries) await removeTree(files, child.path, options);
  }
  await files.remove(path, options);
}
