// The report of a mirror.
import type { RegistryError } from "../../core/kernel.ts";

/** A version or alias, and what the mirror did with it. */
export interface MirrorItem {
  name: string;
  target: string;
  /** The version, without build metadata. */
  version?: string;
  alias?: string;
  /** True for notes and labels, of the version or the name. */
  annotations?: boolean;
  /**
   * `skipped`, because the target has it; `gone` from the source; `deleted` in the target as in the
   * source.
   */
  action: "copied" | "skipped" | "gone" | "deleted" | "failed";
  /** Files whose bytes were copied. */
  files?: number;
  /** Their bytes, as stored. */
  bytes?: number;
  error?: RegistryError;
}

/** A version or alias that could not be mirrored. A later run tries again. */
export interface MirrorFailure {
  name: string;
  /** The version, without build metadata. */
  version?: string;
  alias?: string;
  error: RegistryError;
}

/** The result of `mirrorRegistry`. */
export interface MirrorReport {
  dryRun: boolean;
  names: number;
  versions: number;
  /** Versions that the target had already, or the source had no longer. */
  skipped: number;
  copied: number;
  /** Copied files. Those of earlier versions are shared instead. */
  files: number;
  /** Their bytes, as stored. */
  bytes: number;
  deleted: number;
  aliases: number;
  /** Versions and names whose notes and labels were written. */
  annotations: number;
  /** Rules of the source that the target does not have. `settings: true` copies them. */
  missingRules: number;
  failures: MirrorFailure[];
  /**
   * Data that is not mirrored if source or target has no store here: `deletions`, `removed aliases`,
   * `annotations` and `settings`, and for such a target `dates`, including that of the first save.
   */
  leftOut: ("deletions" | "removed aliases" | "dates" | "annotations" | "settings")[];
}

/** Progress of a mirror. */
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
    annotations: 0,
    missingRules: 0,
    failures: [],
    leftOut: [],
  };
}

export function countItem(report: MirrorReport, item: MirrorItem): void {
  const { name, version, alias, annotations, action, error } = item;
  if (version !== undefined && !annotations) report.versions++;
  if (action === "failed") {
    report.failures.push({ name, ...(alias ? { alias } : { version }), error: error! });
  } else if (annotations) report.annotations += action === "copied" ? 1 : 0;
  else if (alias !== undefined) {
    report.aliases += action === "copied" || action === "deleted" ? 1 : 0;
  } else if (action === "copied" || action === "deleted") report[action]++;
  else report.skipped++;
  report.files += item.files ?? 0;
  report.bytes += item.bytes ?? 0;
}
