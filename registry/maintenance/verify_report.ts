// What verification is asked, and what it says.
import type { ErrorCode, RegistryError, RegistryErrorFields } from "../../core/errors.ts";
import type { VersionRecord } from "../../core/record.ts";
import type { SignalOptions } from "../../core/registry.ts";

/** Options of {@linkcode verifyRegistry}. */
export interface VerifyOptions extends SignalOptions {
  /** Only these names. @default all */
  names?: Iterable<string>;
  /** Read every file and check its SHA-256; else only the records. @default true */
  deep?: boolean;
  onProgress?: (progress: { versions: number; bytes: number; ref: string }) => void;
}

export interface VerifyRecordsOptions extends VerifyOptions {
  onRecord?: (record: VersionRecord) => void;
}

/** What {@linkcode verifyRegistry} found. */
export interface VerifyReport {
  /** True when there are no problems. */
  ok: boolean;
  versions: number;
  /** How many records were read: of all generations of versions, aliases and idempotency keys, and the settings. */
  records: number;
  files: number;
  /** Their bytes. */
  bytes: number;
  problems: VerifyProblem[];
  /** What is noted of lineage; absent where only some names were asked for. */
  lineage?: VerifyLineage;
  /** What was not looked at. */
  unseen: VerifyUnseen;
}

/** What is noted of lineage. A note that is missing where all should be there is among the problems. */
export interface VerifyLineage {
  /** Whether the registry claims that all is noted; if not, `rebuildLineage` notes what is missing. */
  whole: boolean;
  notes: number;
  stale: number;
  /** How many versions that others were made from are not there, or no longer. */
  dangling: number;
}

/** One thing that is wrong. */
export interface VerifyProblem {
  /** The version or the alias; of an idempotency key its name; `settings` of the registry's own record. */
  ref: string;
  /** The storage key concerned. */
  key: string;
  /**
   * What kind of problem: `Corrupt` for damage, `NotFound` for a version that does not count because it came too late,
   * and for an alias that names nothing.
   */
  code: ErrorCode;
  message: string;
  hint?: string;
  /** The hint in the words of other readers. @default `hint` for each of them */
  hints?: RegistryErrorFields["hints"];
}

/** What {@linkcode verifyRegistry} did not look at. */
export interface VerifyUnseen {
  /** How many names were not asked for. */
  names: number;
  /** How many files were not read, for `deep` was false. */
  files: number;
  /** Of how many older generations of versions the record was read and the files were not: no reader sees them. */
  generations: number;
  /** How many objects no reader needs: direct uploads, marks, notes, and what is kept for later releases. */
  auxiliary: number;
  /** How many objects have keys that no registry gives: somebody else put them there. */
  strangers: number;
}

export function asProblem(
  ref: string,
  record: string,
  { key = record, code, message, hint, hints }: RegistryError,
): VerifyProblem {
  return { ref, key, code, message, ...(hint && { hint }), ...(hints && { hints }) };
}
