// The result of a download.
import type { ArtifactInfo } from "../artifact.ts";
import type { LeftOut } from "./left_out.ts";

/** A change of one path by a download. */
export interface DownloadChange {
  /** Path in the folder, with `/`. Folders end with `/`; `./` is the folder of an empty version. */
  path: string;
  /** `time` changes only the modification time. */
  change: "add" | "replace" | "remove" | "time";
}

/** Files written to a disk. */
export interface DownloadedFiles {
  path: string;
  /** Number of files of the version, without links that were left out. */
  files: number;
  size: number;
  /** Number of files that existed with equal content. */
  left: number;
  written: number;
  /** Number of other files, links and empty folders that were removed. */
  deleted: number;
  /** The first 100,000 changes; in a dry run, those it would make. */
  changes: DownloadChange[];
  /** Number of changes beyond these. */
  moreChanges: number;
  leftOut: readonly LeftOut[];
}

/** The result of {@linkcode Registry.download}. */
export interface DownloadResult extends DownloadedFiles {
  /** The version, without `files` if their list is in pages. */
  info: Omit<ArtifactInfo, "files"> & Partial<Pick<ArtifactInfo, "files">>;
}
