// Options and report of retention.
import type { RegistryErrorFields, SignalOptions } from "../../../registry/mod.ts";
import type { ArtifactInfo, ErrorCode } from "../../../mod.ts";

/**
 * Options of {@linkcode prune}. A version is deleted if no rule keeps it. One that was deleted and
 * restored stays for the grace period, so that an alias can be set to it.
 */
export interface PruneOptions extends SignalOptions {
  /** Keep this number of the newest valid versions of each name. */
  keepLast?: number;
  /**
   * Keep the newest version of each of the last days on which one was made, in UTC: this many. The
   * day is that of `createdAt`, or when this store received it, if that was earlier.
   */
  keepDaily?: number;
  /** Keep the newest version of each of the last weeks with a version: this many. */
  keepWeekly?: number;
  /** Keep the newest version of each of the last months with a version: this many. */
  keepMonthly?: number;
  /** Keep versions for which this returns true. */
  keepWhere?: (info: ArtifactInfo) => boolean;
  /** Keep versions that the store received within this time, milliseconds. */
  olderThanMs?: number;
  /**
   * Keep versions that an alias or a release names, and the one that each alias named before, for a
   * rollback. @default true
   */
  keepAliased?: boolean;
  /** Only these names, or names that match these patterns: `tmp:*`. @default all */
  names?: Iterable<string>;
  /** Report without deleting. @default false */
  dryRun?: boolean;
  /**
   * Receives the plan before anything is deleted. If it returns false, nothing is, and the plan is
   * the result: a dry run. Versions that are saved meanwhile stay.
   */
  confirm?: (plan: PruneReport) => boolean | Promise<boolean>;
  onDeleted?: (version: { name: string; version: string }) => void;
}

/** The result of {@linkcode prune}. */
export interface PruneReport {
  dryRun: boolean;
  /**
   * The clock that ages were measured by, if any were: `own` for this machine's, in a dry
   * run of a read-only registry or without access to the store.
   */
  clock?: "store" | "own";
  deleted: { name: string; version: string }[];
  kept: number;
  /** How many of the kept ones stay only because they were restored within the grace period. */
  restored?: number;
  /** How many names were left alone because a rule protects them. */
  protected?: number;
  /**
   * Unreadable versions and aliases, of those that were read. They are kept, as are versions that
   * such an alias may have.
   */
  failures: {
    name: string;
    /** The version; absent for an alias, which keeps all versions of the name. */
    version?: string;
    key?: string;
    /** `Corrupt` for damage, `Unsupported` for data of another release. */
    code: ErrorCode;
    message: string;
    hint?: string;
    /** Of which interfaces make hints of their own. */
    reason?: RegistryErrorFields["reason"];
  }[];
}
