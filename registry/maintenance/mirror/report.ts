// What a mirror says of its work.
import type { RegistryError } from "../../../core/errors.ts";

/**
 * What became of a version or an alias: written; `skipped`, for the target had it; `gone`, for the source has it no
 * longer; `deleted` in the target as in the source; `failed`.
 */
export type MirrorAction = "copied" | "skipped" | "gone" | "deleted" | "failed";

/** One version, or one alias, that was looked at. */
export interface MirrorItem {
  name: string;
  target: string;
  /** The version, without build metadata. */
  version?: string;
  alias?: string;
  action: MirrorAction;
  /** Files whose bytes were moved. */
  files?: number;
  /** Their bytes, as they are stored. */
  bytes?: number;
  error?: RegistryError;
}

/** What could not be mirrored. A later run tries again. */
export interface MirrorFailure {
  name: string;
  /** The version, without build metadata. */
  version?: string;
  alias?: string;
  error: RegistryError;
}

/** What `mirrorRegistry` did. */
export interface MirrorReport {
  dryRun: boolean;
  names: number;
  versions: number;
  /** How many of these the target had, or the source had no longer. */
  skipped: number;
  copied: number;
  /** Files whose bytes were moved for that: what an earlier version has too is not moved again. */
  files: number;
  /** Their bytes, as they are stored. */
  bytes: number;
  deleted: number;
  aliases: number;
  /** What could not be mirrored. */
  failures: MirrorFailure[];
  /**
   * What a registry that `openRegistry` did not open cannot tell or keep: as a source `deletions` and `removed
   * aliases`, as a target `dates` (and where a version was saved first: it becomes one of today). Nothing between two
   * stores.
   */
  leftOut: ("deletions" | "removed aliases" | "dates")[];
}

/** How far a mirror is. */
export interface MirrorProgress {
  names: number;
  totalNames: number;
  versions: number;
  bytes: number;
}

export function emptyReport(dryRun: boolean): MirrorReport {
  return {
    dryRun,
    names: 0,
    versions: 0,
    skipped: 0,
    copied: 0,
    files: 0,
    bytes: 0,
    deleted: 0,
    aliases: 0,
    failures: [],
    leftOut: [],
  };
}

export function countItem(report: MirrorReport, item: MirrorItem): void {
  const { name, version, alias, action, error } = item;
  if (version !== undefined) report.versions++;
  if (action === "failed") {
    report.failures.push({ name, ...(alias ? { alias } : { version }), error: error! });
  } else if (alias !== undefined) {
    report.aliases += action === "copied" || action === "deleted" ? 1 : 0;
  } else if (action === "copied" || action === "deleted") report[action]++;
  else report.skipped++;
  report.files += item.files ?? 0;
  report.bytes += item.bytes ?? 0;
}
