// Options and report of verification.
import type { RegistryErrorFields, SignalOptions } from "../../registry/mod.ts";
import type { ErrorCode, Registry } from "../../mod.ts";
import type { RegistryError, Shard } from "../../core/kernel.ts";
import type { VersionRecord } from "../../registry/extending.ts";
import type { Selection } from "./selection.ts";
import type { VerifiedFiles } from "./verified_files.ts";

/** Options of {@linkcode verifyRegistry}. */
export interface VerifyOptions extends SignalOptions {
  /** Only these names, or versions as `name@1.2.0` or `name@alias`. @default all */
  names?: Iterable<string>;
  /**
   * Reads every file and verifies its SHA-256, or that of each chunk; otherwise only records.
   * @default true; with `listed`, true if `sample` is given
   */
  deep?: boolean;
  /**
   * Checks all records, but reads only about this fraction of the bytes, at least 0.0001: those that
   * no run has read for the longest time, as noted in the store. With 1/30, thirty runs read
   * everything. If nothing can be noted, or with `names`, the date (UTC) chooses: then it takes
   * runs on thirty days in succession.
   *
   * @default 1
   */
  sample?: number;
  /**
   * Compares the size of each object that files need with the store's listing, and looks up those
   * that are missing or too small. Finds lost and cut off objects, not changed bytes. Reads no file
   * unless `deep` is true or `sample` is given.
   *
   * @default false
   */
  listed?: boolean;
  /**
   * Checks one shard of several, such as `{ index: 0, count: 4 }`, each on a machine of its own.
   * Each record and each block of 64 MiB of an object belongs to one shard, so that the counts of
   * all shards add up to those of one run. Every shard reads the records of all versions.
   */
  shard?: Shard;
  /** Repairs damaged files from this registry, a mirror of the verified one or its original. */
  repairFrom?: Registry;
  onProgress?: (progress: { versions: number; bytes: number; ref: string }) => void;
  /**
   * Receives each problem when it is found, before a repair. If a run fails, it has no report: these
   * are the problems that it found until then.
   */
  onProblem?: (problem: VerifyProblem) => void;
}

export interface VerifyRecordsOptions extends VerifyOptions {
  selection: Selection;
  verified: VerifiedFiles;
  onRecord?: (record: VersionRecord) => void;
}

/** The result of {@linkcode verifyRegistry}. */
export interface VerifyReport {
  /** True if there are no problems, or all were repaired. */
  ok: boolean;
  versions: number;
  /** Records read: all generations of versions, aliases and idempotency keys, and the settings. */
  records: number;
  files: number;
  /** Bytes of these files. */
  bytes: number;
  problems: VerifyProblem[];
  /**
   * Objects that the store lists with an expected size; absent without `listed`. Two shards may
   * count the same object.
   */
  listed?: { objects: number; bytes: number };
  /** Bytes left to later runs; absent unless a sample was read. */
  later?: {
    /** Number of runs of a cycle, which together read everything. */
    runs: number;
    /** Bytes of files that later runs read. */
    bytes: number;
  };
  /**
   * The readings of all runs, from notes in the store. Absent without such notes, and if only some
   * names or records were verified. Runs with `sample` or `shard` write the first note.
   */
  coverage?: VerifyCoverage;
  /** Problems that were repaired; absent without `repairFrom`. */
  repaired?: VerifyProblem[];
  /** Lineage notes; absent if only some names were verified. Missing notes are problems. */
  lineage?: {
    notes: number;
    stale: number;
    /** Number of inputs of other versions that do not exist. Two shards may count the same one. */
    dangling: number;
  };
  /** Data that was not verified. */
  unseen: VerifyUnseen;
}

/** The readings that {@linkcode verifyRegistry} has noted in the store. */
export interface VerifyCoverage {
  /** All bytes that were stored at this time have been read since; absent if some were not. */
  since?: Date;
  /** Fraction of the places that no run has read, 0 to 1. */
  unread: number;
  /** Fraction of the places where the last run could not read all, or left damage. */
  damaged: number;
}

/** A problem that verification found. */
export interface VerifyProblem {
  /** The version or alias; the name of an idempotency key; or `settings`. */
  ref: string;
  /** Key of the damaged object. A file in several objects can have others. */
  key: string;
  /** Key of the record that names the object, or is it. */
  record: string;
  /** Path of the damaged file, if it is one. */
  path?: string;
  /** `Corrupt` for damage, `NotFound` for an expired record or an alias without a version. */
  code: ErrorCode;
  message: string;
  /** Why `repairFrom` could not repair it. */
  reason?: string;
  hint?: string;
  /** Of which interfaces make hints of their own. */
  hintReason?: RegistryErrorFields["reason"];
}

/** Data that {@linkcode verifyRegistry} did not verify. */
export interface VerifyUnseen {
  /** Names that were not requested, or of which only some versions were. */
  names: number;
  /** Files that were not read because `deep` is false, or that a sample leaves to later runs. */
  files: number;
  /** Older generations of versions, whose records but not files were read: no reader uses them. */
  generations: number;
  /** Objects that no reader needs: uploads, marks, notes, and reserved prefixes. */
  auxiliary: number;
  /** Foreign objects, whose keys are not of a registry. */
  strangers: number;
}

/** Adds a problem that was found to the report. */
export function addProblem(
  report: VerifyReport,
  problem: VerifyProblem,
  { onProblem }: Pick<VerifyOptions, "onProblem">,
): void {
  report.problems.push(problem);
  onProblem?.(problem);
}

export function asProblem(
  ref: string,
  record: string,
  { key = record, code, message, hint, reason: hintReason }: RegistryError,
  path?: string,
): VerifyProblem {
  const file = path === undefined ? {} : { path };
  const advice = { ...(hint && { hint }), ...(hintReason && { hintReason }) };
  return { ref, key, record, ...file, code, message, ...advice };
}
