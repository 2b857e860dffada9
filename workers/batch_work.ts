// The work of a batch for one input, on any thread.
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
  /**
   * Maximum number of workers; 0 for none. They start when they save time. A crash may add one.
   *
   * @default the number of processors minus one, at least 1
   */
  workers?: number;
  /**
   * The jobs that move to workers: with `auto`, those that finish sooner there; with `always`,
   * every job that can move, so the caller's thread stays free.
   *
   * @default "auto"
   */
  offload?: "auto" | "always";
  /**
   * Maximum bytes of values in progress: loaded values, and files to save that are in memory. One
   * larger value is processed alone. The process takes more: about 250 MB, and for each worker 100 MB
   * and the budget again.
   *
   * @default 268435456 (256 MiB)
   */
  memoryBudgetBytes?: number;
  /**
   * A silent worker is ended and its work repeated after this time, milliseconds.
   *
   * @default 300000
   */
  stuckAfterMs?: number;
  /** An idle worker is ended after this time, milliseconds. @default 1000 */
  idleMs?: number;
}

/** A version to write to disk. */
export interface DownloadEntry extends Omit<DownloadOptions, "signal"> {
  /** `name`, `name@1.2.0` or `name@alias`. */
  ref: string;
}

/** A version to check. */
export interface VerifyEntry
  extends Omit<DownloadEntry, "to" | "overwrite" | "delete" | "dryRun" | "verify"> {}

export interface BatchWork {
  readonly running: number;
  save(entry: SaveEntry, signal?: AbortSignal): Promise<SavedArtifact>;
  load(ref: string, options: LoadOptions): Promise<unknown>;
  download(entry: DownloadEntry, signal?: AbortSignal): Promise<DownloadResult>;
  verify(entry: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo>;
  close(): Promise<void>;
}

export const DEFAULT_BUDGET_BYTES: number = 256 * 1024 * 1024;
