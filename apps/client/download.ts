// Writing the files of a version to a disk, where there is one.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

type Disk = typeof import("../../disk/download_files.ts");

/** What writes files, by a name that bundles for browsers do not see: it needs modules of Node. `Unsupported` there. */
export async function loadDisk(ref: string): Promise<Disk> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) throw noDisk(ref, "a browser has no disk to write to");
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"; // `.js` where the sources were compiled
  const url = new URL(`../../disk/download_files${extension}`, import.meta.url);
  try {
    return await import(url.href);
  } catch (cause) {
    throw noDisk(ref, "what writes files is not in this bundle", cause);
  }
}

function noDisk(ref: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Unsupported",
    action: "download",
    subject: shown(ref),
    state,
    hint: "Open it and read its files: (await registry.open(ref)).file(path).stream().",
    cause,
  });
}
