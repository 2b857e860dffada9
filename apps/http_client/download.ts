/**
 * Writing the files of a version to a disk, where there is one.
 *
 * @module
 */
import type { Artifact } from "../../core/artifact.ts";
import { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { DownloadOptions, DownloadResult } from "../../core/registry.ts";

type Disk = typeof import("../../core/disk/write_files.ts");

/** Writes the files of an opened version. `Unsupported` in a browser. */
export async function writeToDisk(
  artifact: Artifact,
  { to, overwrite, links, signal }: DownloadOptions,
): Promise<DownloadResult> {
  const { writeFiles } = await loadDisk(artifact);
  const { path, files, leftOut } = await writeFiles(artifact, to, { overwrite, links, signal });
  return { path, files, size: artifact.info.size, leftOut, info: artifact.info };
}

/** What writes files, by a name that bundles for browsers do not see: it needs modules of Node. */
async function loadDisk(artifact: Artifact): Promise<Disk> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) throw noDisk(artifact, "a browser has no disk to write to");
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"; // `.js` where the sources were compiled
  const url = new URL(`../../core/disk/write_files${extension}`, import.meta.url);
  try {
    return await import(url.href);
  } catch (cause) {
    throw noDisk(artifact, "what writes files is not in this bundle", cause);
  }
}

function noDisk({ info }: Artifact, state: string, cause?: unknown): RegistryError {
  return new RegistryError({
    code: "Unsupported",
    message: `Cannot download ${shown(`${info.name}@${info.version}`)}: ${state}`,
    hint: "Open it and read its files: (await registry.open(ref)).file(path).stream().",
    cause,
  });
}
