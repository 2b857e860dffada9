// Input of the comparisons of files and folders.
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";

/** Two files at one path. */
export interface PairProps {
  left: ArtifactFile;
  right: ArtifactFile;
}

/** A folder of two versions; "" is the root. */
export interface FolderPairProps {
  left: ArtifactVersion;
  right: ArtifactVersion;
  folder: string;
}
