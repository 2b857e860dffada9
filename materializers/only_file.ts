// Artifacts of one file.
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { unsupported } from "../core/errors.ts";
import { itemAt } from "../core/faults/present.ts";

/** Returns the only file of a value. Several are `Unsupported`. */
export function onlyFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files();
  if (files.length === 1) return itemAt(files, 0);
  throw unsupported("load", `"${artifact.info.name}" as one file`, `it has ${files.length} files`, {
    hint: "Read the files one by one with registry.open(ref) and file(path).",
    reason: { kind: "several_files" },
  });
}
