// Modules that a browser lacks: those that write to a disk, and that cut files into chunks.
import { type RegistryError, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

type Disk = typeof import("../../disk/download_files.ts");
type NewBytes = typeof import("./new_bytes.ts");

/**
 * Imports the module that writes files, by a computed name that bundlers for browsers ignore.
 * Throws `Unsupported` in a browser.
 */
export async function loadDisk(ref: string): Promise<Disk> {
  if (isBrowser()) throw noDisk(ref, "a browser cannot write to a disk");
  try {
    return await importHidden("../../disk/download_files");
  } catch (cause) {
    throw noDisk(ref, "this bundle does not contain the module that writes files", cause);
  }
}

/** Imports the module that cuts files into chunks; undefined in a browser or a bundle. */
export async function loadNewBytes(): Promise<NewBytes | undefined> {
  return isBrowser() ? undefined : await importHidden("./new_bytes").catch(() => undefined);
}

function isBrowser(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined;
}

// deno-lint-ignore no-explicit-any -- its callers know the module
async function importHidden(path: string): Promise<any> {
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"; // `.js` in a compiled package
  return await import(new URL(`${path}${extension}`, import.meta.url).href);
}

function noDisk(ref: string, state: string, cause?: unknown): RegistryError {
  const hint = "Open it and read its files: (await registry.open(ref)).file(path).stream().";
  return unsupported("download", shown(ref), state, { hint, cause });
}
