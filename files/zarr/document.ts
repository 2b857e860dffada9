// The document of an array in a folder.
import type { CallOptions } from "../../core/backend.ts";
import { conflict, type RegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { zarrStore } from "../../formats/zarr/store.ts";

/** The file that makes a folder an array. */
export const DOCUMENT = "zarr.json";

export async function readDocument(
  files: FileStore,
  folder: string,
  options: CallOptions,
): Promise<Uint8Array | undefined> {
  return await zarrStore(files, folder).get(DOCUMENT, options);
}

export function replacedAgain(
  action: string,
  folder: string,
  { backend, tries }: { backend: string; tries: number },
): RegistryError {
  return conflict(action, shown(folder), `it was replaced ${tries} times during this call`, {
    hint: "Try again when no program is writing to it.",
    key: folder,
    backend,
  });
}
