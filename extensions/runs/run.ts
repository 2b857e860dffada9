// A run as the program has it that logs values.
import type { Materializer, SavedArtifact } from "../../mod.ts";
import type { CommitDraftOptions } from "../transfers/mod.ts";
import type { RunChange, RunWriter } from "../../core/registry/run.ts";

/** Values of one point, by name. Objects group names: `{ test: { loss: 0.2 } }`. */
export interface RunValues {
  readonly [name: string]: number | string | boolean | null | RunValues;
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
