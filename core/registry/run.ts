// Runs as stores and services have them: a program logs values while it computes a version.
import type { Author } from "../naming/author.ts";
import type { CommitDraftOptions } from "./draft.ts";
import type { SignalOptions } from "./operations/saving.ts";

/** The name of a run. Its id is unique among the runs of a name. */
export interface RunName {
  name: string;
  id: string;
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
