// What retention is asked, and what it says.
import type { ErrorCode } from "../../core/errors.ts";
import type { SignalOptions } from "../../core/registry.ts";

/** Options of {@linkcode prune}. A version goes when every rule that is given lets it go. */
export interface PruneOptions extends SignalOptions {
  /** Keep so many of the newest versions of each name that count. */
  keepLast?: number;
  /** Keep what the store received within so many milliseconds. */
  olderThanMs?: number;
  /** Keep what an alias names. @default true */
  keepAliased?: boolean;
  /** Only these names. @default all */
  names?: Iterable<string>;
  /** Only say what would go. @default false */
  dryRun?: boolean;
  onDeleted?: (version: { name: string; version: string }) => void;
}

/** What {@linkcode prune} did. */
export interface PruneReport {
  dryRun: boolean;
  /**
   * With `olderThanMs`, whose clock ages were measured by: `own`, this machine's, in a dry run of a registry that was
   * opened read-only, and for one that `openRegistry` did not open: they cannot ask the store.
   */
  clock?: "store" | "own";
  deleted: { name: string; version: string }[];
  kept: number;
  /** What could not be read. It stays, and is not counted by `keepLast`; what an unreadable alias may name stays too. */
  failures: PruneFailure[];
}

/** Something that {@linkcode prune} could not read. */
export interface PruneFailure {
  name: string;
  /** The version; absent where it is an alias, for which the whole name stays. */
  version?: string;
  /** The storage key concerned. */
  key?: string;
  /** What kind of failure: `Corrupt` for damage, `Unsupported` for what another release wrote. */
  code: ErrorCode;
  message: string;
  hint?: string;
}
