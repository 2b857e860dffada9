// Copying an array with all that lies in its folder: chunks as they are, attributes and names of
// axes too.
import type { CallOptions } from "../../core/backend.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { DOCUMENT } from "./array_files.ts";
import { readDocument, replacedAgain } from "./read_stored.ts";
import { removeTree } from "./remove_tree.ts";

/** As often an array may be replaced while it is copied. */
const TRIES = 20;

/** Copies an array into a folder where nothing is, its document last. False where there is none, or no longer. */
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
      if (!isRegistryError(error, "Conflict", "NotFound")) throw error; // else it was replaced meanwhile
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
