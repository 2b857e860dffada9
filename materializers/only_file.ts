// Artifacts of one file.
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { unsupported } from "../core/errors.ts";
import { itemAt } from "../core/faults/present.ts";

/** Returns the only file of an artifact, beside the curve of its run. Several are `Unsupported`. */
export function onlyFile(artifact: Artifact): ArtifactFile {
  const all = artifact.files();
  const { curves } = artifact.info.metadata;
  const files = all.length === 2 ? all.filter(({ info }) => info.path !== curves) : all;
  if (files.length === 1) return itemAt(files, 0);
  throw unsupported("load", `"${artifact.info.name}" as one file`, `it has ${files.length} files`, {
    hint: "Read the files one by one with registry.open(ref) and file(path).",
    reason: { kind: "several_files" },
  });
}
