// Writing the files of a version to a disk.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

type Disk = typeof import("../../disk/download_files.ts");

/**
 * Imports the module that writes files, by a computed name that bundlers for browsers ignore.
 * Throws `Unsupported` in a browser.
 */
export async function loadDisk(ref: string): Promise<Disk> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) throw noDisk(ref, "a browser cannot write to a disk");
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"; // `.js` in a compiled package
  const url = new URL(`../../disk/download_files${extension}`, import.meta.url);
  try {
    return await import(url.href);
  } catch (cause) {
    throw noDisk(ref, "this bundle does not contain the module that writes files", cause);
  }
}

function noDisk(ref: string, state: string, cause?: unknown): RegistryError {
  const hint = "Open it and read its files: (await registry.open(ref)).file(path).stream().";
  return fault({
    code: "Unsupported",
    action: "download",
    subject: shown(ref),
    state,
    hint,
    cause,
  });
}
