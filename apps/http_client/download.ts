/**
 * Writing the files of a version to a disk, where there is one.
 *
 * @module
 */
import type { Artifact } from "../../core/artifact.ts";
import { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { DownloadOptions, DownloadResult } from "../../core/registry.ts";
import { loadPart } from "../../core/urls/load_part.ts";

type Disk = typeof import("../../core/disk/write_files.ts");

/** Writes the files of an opened version. `Unsupported` in a browser. */
export async function writeToDisk(
  artifact: Artifact,
  { to, overwrite, signal }: DownloadOptions,
): Promise<DownloadResult> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) throw noDisk(artifact);
  // By a name that bundles for browsers do not see: it reads and writes files.
  const { writeFiles } = await loadPart<Disk>("../../core/disk/write_files.ts", import.meta.url);
  const { path, files } = await writeFiles(artifact, to, { overwrite, signal });
  return { path, files, size: artifact.info.size, info: artifact.info };
}

function noDisk({ info }: Artifact): RegistryError {
  return new RegistryError({
    code: "Unsupported",
    message: `Cannot download ${shown(`${info.name}@${info.version}`)}: a browser has no disk to write to`,
    hint: "Open it and read its files: (await registry.open(ref)).file(path).stream().",
  });
}
