/**
 * The file of an artifact that has one.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { RegistryError } from "../core/errors.ts";

/** The only file of an artifact; another number of files is `Unsupported`. */
export function onlyFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files();
  if (files.length === 1) return files[0];
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot load "${artifact.info.name}" as one file: it has ${files.length} files`,
    hint: "Read the files one by one: registry.open(ref) and file(path).",
  });
}
