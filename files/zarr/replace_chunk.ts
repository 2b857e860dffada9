// Replacing an array by one of the same kind.
import type { CallOptions } from "../../core/backend.ts";
import type { FileStore } from "../../core/file_store.ts";
import { joinPath } from "../../core/files/paths.ts";
import { DOCUMENT, SAVE } from "./array_files.ts";
import { readDocument } from "./read_stored.ts";

/**
 * Replaces the chunk of an array of one chunk, if its document stays the same except for the id of the save: readers
 * see the old array or the new one. Returns false if that is not possible.
 *
 * @param made the files of the new array by their names
 */
export async function replaceChunk(
  files: FileStore,
  path: string,
  { made, check, ...options }: CallOptions & {
    made: ReadonlyMap<string, Uint8Array>;
    check(): Promise<void>;
  },
): Promise<boolean> {
  const [before, after] = [await readDocument(files, path, options), made.get(DOCUMENT)!];
  if (before === undefined || withoutSave(before) !== withoutSave(after)) return false;
  await check();
  for (const [name, bytes] of made) {
    if (name !== DOCUMENT) await files.write(joinPath(path, name), bytes, options);
  }
  return true;
}

/** Returns a document without the id of its save. */
function withoutSave(document: Uint8Array): string | undefined {
  try {
    const { attributes, ...parsed } = JSON.parse(new TextDecoder().decode(document));
    const { [SAVE]: _, ...others } = attributes ?? {};
    return JSON.stringify({ ...parsed, attributes: others });
  } catch {
    return undefined;
  }
}
