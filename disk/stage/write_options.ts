// Options of a download to a disk. Users see these types, so they name none of Node.
import type { FileInfo } from "../../core/record.ts";
import type { DownloadOptions } from "../../core/registry.ts";
import type { ChosenPath } from "../choose_files.ts";
import type { StageOptions } from "../stage_files.ts";

/** Options of {@linkcode writeFiles}. */
export interface WriteFilesOptions
  extends Pick<DownloadOptions, "overwrite" | "delete" | "dryRun" | "links" | "signal"> {
  /** Receives each file that was read and written temporarily. */
  onFile?: (file: FileInfo) => void;
}

export interface WriteFilesPlan extends WriteFilesOptions, Pick<StageOptions, "writeLarge"> {
  /** The `file:` URL of a folder that must not be written to. */
  notInside?: string;
  /** Selects files to write, and others to remove. @default all */
  chosen?: ChosenPath;
  onThere?: (file: FileInfo, bytes: number) => void;
  /** Receives the size of all files, before the first is read. */
  onPlanned?: (bytes: number) => void;
}
