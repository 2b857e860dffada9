// Input of the comparisons of files.
import type { ArtifactFile } from "../artifact_file.ts";

/** Two files at one path. */
export interface PairProps {
  left: ArtifactFile;
  right: ArtifactFile;
}
