// What a batch does for each of its inputs, wherever that is done.
import type { ArtifactInfo } from "../core/artifact.ts";
import type {
  DownloadOptions,
  DownloadResult,
  LoadOptions,
  ManyOptions,
  SavedArtifact,
  SaveEntry,
} from "../core/registry.ts";

/** Options of {@linkcode createBatch}. */
export interface BatchOptions extends ManyOptions {
  /** Most workers; 0 for none. They start when there is work that is worth it; after a crash there may be one more. @default one less than the processors, at least 1 */
  workers?: number;
  /**
   * What is given to workers: `auto`, what is done sooner then; `always`, all that can move, whatever its size, so that
   * the caller's thread stays free. @default "auto"
   */
  offload?: "auto" | "always";
  /** Most bytes of values under way at once: the files of saves, as far as they are not read piece by piece, and what is being loaded; one larger value goes alone. @default 268435456 (256 MiB) */
  memoryBudgetBytes?: number;
  /** A worker that says nothing for so long is ended and its work done again, milliseconds. @default 300000 */
  stuckAfterMs?: number;
  /** Workers without work are ended after so long, milliseconds. @default 1000 */
  idleMs?: number;
}

/** A version to write to disk. */
export interface DownloadEntry extends Omit<DownloadOptions, "signal"> {
  /** The version: `name`, `name@1.2.0` or `name@alias`. */
  ref: string;
}

/** A version to check. */
export interface VerifyEntry
  extends Omit<DownloadEntry, "to" | "overwrite" | "delete" | "dryRun" | "verify"> {}

/** Does what a batch is asked to, one input at a time. */
export interface BatchWork {
  /** Workers that run now. */
  readonly running: number;
  /** Saves a value. */
  save(entry: SaveEntry, signal?: AbortSignal): Promise<SavedArtifact>;
  /** Loads a value. */
  load(ref: string, options: LoadOptions): Promise<unknown>;
  /** Writes a version to disk. */
  download(entry: DownloadEntry, signal?: AbortSignal): Promise<DownloadResult>;
  /** Reads a version and checks it. */
  verify(entry: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo>;
  /** Ends the workers. */
  close(): Promise<void>;
}

/** Most bytes of values under way at once, where nobody says. */
export const DEFAULT_BUDGET_BYTES: number = 256 * 1024 * 1024;
