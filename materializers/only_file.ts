// The file of an artifact that has one.
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { fault } from "../core/errors.ts";

/** The only file of an artifact; another number of files is `Unsupported`. */
export function onlyFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files();
  if (files.length === 1) return files[0];
  throw fault({
    code: "Unsupported",
    action: "load",
    subject: `"${artifact.info.name}" as one file`,
    state: `it has ${files.length} files`,
    hint: "Read the files one by one: registry.open(ref) and file(path).",
    hints: { cli: "Read the files one by one: holdfast cat REF PATH." },
  });
}
