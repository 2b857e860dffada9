// Records that readers yield and the writer saves: runs, and models with versions and aliases.
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Registry } from "../../../mod.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import type { Metric } from "../../runs/mlflow/points.ts";
import type { Counts } from "./counts.ts";
import type { RunTimes } from "../../runs/mlflow/stored_run.ts";

/** A run, or a logged model of MLflow, whose files and values are read once they are needed. */
export interface FoundRun {
  readonly kind: "run";
  readonly key: RunKey;
  /** Returns how it changed since it was imported, as far as that is known without reading all of it. */
  changed?(here: ImportedRun): string | undefined | Promise<string | undefined>;
  /** The run that is imported beside the version here, which keeps its content. */
  readonly instead?: FoundRun;
  /** Returns its version. Absent: it is the next one. */
  version?(taken: ReadonlySet<string>): string;
  open(): Promise<OpenedRun>;
}

/** The version of a run that is here. */
export interface ImportedRun extends Pick<RunTimes, "status" | "endedMs"> {
  readonly version: string;
  readonly commit?: string;
  /** Files of the source in it. */
  readonly files: number;
  /** If the import that saved it has counted: whether it has all of the source. */
  readonly counted?: "whole" | "partial";
}

/** Returns how the end of a run differs from the end that its version here has. */
export function changedEnd(
  { endedMs }: Pick<RunTimes, "endedMs">,
  here: ImportedRun,
): string | undefined {
  return endedMs !== undefined && (here.endedMs === undefined || endedMs > here.endedMs)
    ? "it has ended again since it was imported"
    : undefined;
}

export interface OpenedRun extends RunTimes, OpenedVersion {
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  /** Every value of every metric; those of one key are in their order. */
  readonly points: AsyncIterable<Metric>;
  /** Values of metrics that are not their last points, such as a best one. */
  readonly summary?: ReadonlyMap<string, number>;
  /** Why nothing of it is imported. */
  readonly left?: string;
}

/** A name whose versions are numbered. */
export interface FoundModel {
  readonly kind: "model";
  readonly name: string;
  readonly notes?: string;
  readonly labels: ReadonlyMap<string, string>;
  /**
   * A member of the metadata by which versions are known, such as `commit`. Then `version` is its value,
   * here and in aliases, and each new version gets the next number.
   */
  readonly key?: string;
  /** The version of each alias. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly versions: readonly FoundVersion[];
}

export interface FoundVersion {
  /** As it is here: `3.0.0`; or the value of the key. */
  readonly version: string;
  readonly notes?: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The run that has its files below a folder, if it is imported, too. */
  readonly from?: { readonly run: RunKey; readonly folder: string };
  open(): Promise<OpenedVersion>;
  /** Adds data to the saved version that is not kept as files, such as signatures. */
  keep?(registry: Registry, saved: { name: string; version: string }): Promise<void>;
}

export interface OpenedVersion {
  readonly files: readonly FileToSave[];
  /** Counts of the source, as far as it counts. Points of runs add to it while they are read. */
  readonly has: Counts;
  /** Parts that cannot be read. Points of runs add to it while they are read. */
  readonly problems: readonly string[];
  /** Further members of the metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Aliases of runs that come before. */
export interface FoundAliases {
  readonly kind: "aliases";
  readonly name: string;
  /** The id of the run, and the commit of its version if that may differ. */
  readonly runs: ReadonlyMap<string, { readonly id: string; readonly commit: string }>;
}

/** The number of records that follow. */
export interface FoundTotal {
  readonly kind: "total";
  readonly count: number;
}

/** Something that is not imported: on purpose, or because it cannot be read. */
export interface NotImported {
  readonly kind: "left" | "failed";
  readonly what: string;
  readonly reason: string;
}

export type ImportRecord = FoundRun | FoundModel | FoundAliases | FoundTotal | NotImported;

/** Options of all readers. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Renames an experiment or model; undefined leaves it out. */
  nameOf(name: string): string | undefined;
}
