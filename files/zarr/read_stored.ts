// Reading an array that others may replace meanwhile.
import type { CallOptions } from "../../core/backend.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { openZarrArray, type ZarrStore, zarrStore } from "../../formats/zarr.ts";
import type { StoredArray } from "./array_files.ts";
import { DOCUMENT, replacedAgain } from "./document.ts";

/** How often an array that is replaced again and again is read anew. */
const TRIES = 10;

/**
 * The array in a folder and all of its elements, or undefined where there is none. Chunks belong to a document, and those
 * that are missing were never written, only where the document is the same afterwards: else it is all read anew.
 */
export async function readStored(
  files: FileStore,
  folder: string,
  { signal }: CallOptions,
): Promise<StoredArray | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const below = zarrStore(files, folder);
    let before: Uint8Array | undefined;
    const store: ZarrStore = {
      ...below,
      async get(key, options) {
        const bytes = await below.get(key, options);
        if (key === DOCUMENT) before = bytes;
        return bytes;
      },
    };
    let failure: unknown;
    try {
      const array = await openZarrArray(store, "", { version: 3, signal });
      const elements = await array.read([], { signal });
      if (sameBytes(before, await below.get(DOCUMENT, { signal }))) return { array, elements };
      continue;
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return undefined;
      if (isRegistryError(error, "Conflict")) continue; // a chunk was replaced while it was read
      if (!isRegistryError(error, "Corrupt")) throw error;
      failure = error;
    }
    if (sameBytes(before, await below.get(DOCUMENT, { signal }))) throw failure;
  }
  throw replacedAgain("load", folder, { backend: files.location, tries: TRIES });
}
