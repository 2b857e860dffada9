// Runs: a program logs values while it computes a version.
import type { Materializer } from "../materializer.ts";
import type { Author } from "../naming/author.ts";
import { isJsonObject } from "../text/json_text.ts";
import type { CommitDraftOptions } from "./draft.ts";
import type { SavedArtifact, SignalOptions } from "./operations/saving.ts";

/** The name of a run. Its id is unique among the runs of a name. */
export interface RunName {
  name: string;
  id: string;
}

/** Values of one point, by name. Objects group names: `{ test: { loss: 0.2 } }`. */
export interface RunValues {
  readonly [name: string]: number | string | boolean | null | RunValues;
}

/** Parameters and tags of a run, which become `params` and `tags` in the metadata of the version. */
export interface RunFacts {
  /** Parameters: plain JSON. */
  params?: Record<string, unknown>;
  /** Tags: strings, numbers and booleans. `null` removes a tag. */
  tags?: Record<string, string | number | boolean | null>;
}

/** Options of `openRun`. */
export interface OpenRunOptions extends RunFacts, SignalOptions {
  /** A run with this id is continued, or begun. @default a new id */
  id?: string;
}

/** Parameters and tags to add to a run. */
export interface RunChange extends RunFacts, SignalOptions {
  /** Other values of parameters and tags replace the present ones. @default they are refused */
  replace?: boolean;
}

/** Options of {@linkcode Run.finish}. */
export interface FinishRunOptions extends Omit<CommitDraftOptions, "parts" | "as"> {
  /** Materializer of the value. @default the one for its type */
  as?: Materializer;
}

/** A run that logs values, and becomes a version when it is finished. */
export interface Run extends AsyncDisposable {
  readonly name: string;
  readonly id: string;
  /** This program, as a writer of the run. */
  readonly writer: RunWriter;
  /**
   * Logs a point. Returns at once: points are sent in the background, every 1 to 30 seconds.
   * Without `step`, a point gets the step after that of the last one. While the store does not
   * answer, up to 256 MiB of points wait; later points are left out, with a warning.
   *
   * @throws {RegistryError} `Invalid` for a point without values, a step that is not a number, a
   * list, a bigint or another value that is not exact in JSON, and after the end of the run. NaN and
   * infinities are fine
   */
  log(values: RunValues): void;
  /** Waits until the points that are logged by now are stored. Every version has them then. */
  flush(): Promise<void>;
  /**
   * Stops sending, and returns the points that are not stored: keep them in a file for
   * {@linkcode Run.restore} while the store does not answer. `log` still takes points, and a later
   * call returns those since.
   */
  abandon(): string;
  /**
   * Stores the points that `abandon` of another writer of this run returned, by lines, and
   * returns their number. A repeat adds nothing. A last line that was cut off is left out.
   *
   * @throws {RegistryError} `Invalid` for other lines
   */
  restore(lines: Iterable<string> | AsyncIterable<string>): Promise<number>;
  /**
   * Adds parameters and tags.
   *
   * @throws {RegistryError} `Conflict` if one has another value, unless `replace`
   */
  update(change: RunChange): Promise<void>;
  /**
   * Saves a version: the files of the value, and the curve as `history.jsonl`. Its metadata has the
   * last values as `metrics`, with the best ones of losses, accuracies and other measures whose name
   * says which is better (`loss.min`, `accuracy.max`), the parameters as `params`, the tags as `tags`,
   * and the id, start, last step and number of points as `run`. A repeat returns the same version.
   * Once the value is sent, no program can log to the run any more, even if the save then fails:
   * repeat it.
   *
   * @throws {RegistryError} `Conflict` if the run was finished by another program with other files
   */
  finish(value?: unknown, options?: FinishRunOptions): Promise<SavedArtifact>;
  /**
   * Ends the run without a version. The stored points stay for a week: read them, or finish the run
   * within six days. Leaving the block of an `await using` without `finish` does the same, and never
   * throws.
   */
  fail(reason: string): Promise<void>;
  /**
   * Ends this writer, once its points are stored. The run goes on: another program finishes it, such
   * as the one that this helps.
   */
  close(): Promise<void>;
}

/** A stored run. */
export interface LoggedRun {
  name: string;
  id: string;
  /**
   * - `silent`: nothing was stored for two minutes, because it logs rarely, was killed, or cannot
   *   reach the store.
   * - `failed`: also if it was saved as a version since.
   * - `finishing`: a program is saving its version, or was killed then: `finishRun` completes it.
   */
  state: "running" | "silent" | "failed" | "finishing" | "finished" | "discarded";
  /** Why it failed. */
  reason?: string;
  /** The version that the run was saved as. */
  version?: string;
  params: Record<string, unknown>;
  tags: Record<string, unknown>;
  /** The author of its beginning, if known. */
  by?: Author;
  startedAt: Date;
  /** When something was stored last, by the store's clock. */
  lastAt: Date;
  /** Number of stored points. */
  points: number;
}

/** Options of `readLoggedRuns`. */
export interface ReadRunsOptions extends SignalOptions {
  /** Only runs of this name. @default all names */
  name?: string;
  /** Only runs of names for which it returns true. */
  names?: (name: string) => boolean;
}

/** Options of `readLoggedRun`. */
export interface ReadRunOptions extends SignalOptions {
  /** `next` of an earlier page. @default from the beginning */
  after?: string;
  /** False for a page without points. @default true */
  lines?: boolean;
}

/** A run with a page of its points. */
export interface LoggedRunPage extends LoggedRun {
  /** Points as lines of JSON. */
  lines: string;
  /** The beginning of the next page, for `after`. */
  next: string;
  /** True if more points are stored. */
  more: boolean;
}

/** A writer of a run: each program that opens it is another one. */
export interface RunWriter {
  /** Its id; those of later writers are higher. */
  writer: string;
  startedAt: Date;
  /** Number of points that are stored before. */
  points: number;
  /** The last step of these points; undefined if none has a number. */
  step?: number;
}

/** Options of `finishRun`. */
export interface FinishStoredRunOptions extends CommitDraftOptions {
  /** Parts of the draft that have the files of the value. @default none */
  parts?: readonly string[];
  /** The writer that finishes its run: then failures of others are not those of the run. */
  writer?: string;
}

/** How a run ended that made a version. */
export type EndState = "finished" | "failed" | "cancelled";

/**
 * Returns how the run ended that made a version, by the metadata that runs and pipelines write;
 * undefined for other versions.
 */
export function endStateOf(metadata: Readonly<Record<string, unknown>>): EndState | undefined {
  const { run, pipeline, end } = metadata;
  if (isJsonObject(run)) {
    if (typeof run.id !== "string" || typeof run.startedAt !== "string") return undefined;
    return Object.hasOwn(run, "failed") ? "failed" : "finished";
  }
  if (typeof run !== "string" || typeof pipeline !== "string") return undefined;
  return end === "failed" || end === "cancelled" ? end : "finished";
}
