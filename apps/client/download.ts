// Modules that a browser lacks: those that write to a disk, and that cut files into chunks.
import { type RegistryError, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { isBrowser } from "./content.ts";

type Disk = typeof import("../../disk/download_files.ts");
type NewBytes = typeof import("./new_bytes.ts");

/** Imports the module that writes files. Throws `Unsupported` in a browser. */
export async function loadDisk(ref: string): Promise<Disk> {
  if (isBrowser()) throw noDisk(ref, "a browser cannot write to a disk");
  try {
    return await loadPart<Disk>("../../disk/download_files.ts", import.meta.url);
  } catch (cause) {
    throw noDisk(ref, "this bundle does not contain the module that writes files", cause);
  }
}

/** Imports the module that cuts files into chunks; undefined in a browser or a bundle. */
export async function loadNewBytes(): Promise<NewBytes | undefined> {
  if (isBrowser()) return undefined;
  return await loadPart<NewBytes>("./new_bytes.ts", import.meta.url).catch(() => undefined);
}

function noDisk(ref: string, state: string, cause?: unknown): RegistryError {
  const hint = "Open it and read its files: (await registry.open(ref)).file(path).stream().";
  return unsupported("download", shown(ref), state, { hint, cause });
}
