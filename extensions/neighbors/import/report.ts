// Options of the writer, and what it reports.
import type { Counts } from "./counts.ts";
import type { NotImported } from "./records.ts";

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** Saves runs without what cannot be read. */
  readonly partial?: boolean;
  /** Saves running runs as `KILLED`. */
  readonly running?: boolean;
  /** Saves runs that changed since their import, as further versions. */
  readonly update?: boolean;
  /** Reads all files in a dry run. */
  readonly check?: boolean;
  readonly signal?: AbortSignal;
  onItem?(item: ImportItem): void | Promise<void>;
  onProgress?(progress: { bytes: number; done: number; total: number }): void;
}

/** A run or a version that is here now. */
export interface ImportItem {
  readonly action: "imported" | "unchanged";
  readonly name: string;
  readonly version?: string;
  /** The id of a run at its source. */
  readonly id?: string;
  /** Counts of its source, and of what is here, if it was imported. */
  readonly counts?: { readonly source: Counts; readonly here: Counts };
}

export interface ImportReport {
  runs: number;
  versions: number;
  aliases: number;
  /** Runs and versions that were there already. */
  unchanged: number;
  points: number;
  files: number;
  bytes: number;
  /** Counts of the sources of all that was imported, as far as they count. */
  source: Counts;
  notImported: NotImported[];
}
