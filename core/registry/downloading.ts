// What a download did.
import type { ArtifactInfo } from "../artifact.ts";
import type { LeftOut } from "./left_out.ts";

/** What a download does, or would do, to one path. */
export interface DownloadChange {
  /**
   * The path in the folder, with `/`; that of an empty folder that is removed ends with one, and `./` is the folder of a
   * version that has no files.
   */
  path: string;
  /** Whether it comes, takes the place of another one, goes, or gets only the time that the version has kept of it. */
  change: "add" | "replace" | "remove" | "time";
}

/** Files that were written to a disk. */
export interface DownloadedFiles {
  path: string;
  /** Number of files of the version, without links that were left out. */
  files: number;
  size: number;
  /** How many of them were there already, with the same content. */
  left: number;
  written: number;
  /** How many files, links and empty folders were removed that are not of the version; of a dry run, would be. */
  deleted: number;
  /** What was written, removed and given its time; of a dry run, would be. */
  changes: DownloadChange[];
  leftOut: readonly LeftOut[];
}

/** What was downloaded. */
export interface DownloadResult extends DownloadedFiles {
  info: ArtifactInfo;
}
