// What saving is told, and what it tells.
import type { Materializer } from "../materializer.ts";
import type { Bump } from "../naming/versions.ts";
import type { ArtifactInput, Encoding } from "../record.ts";

/** Options that end a call. */
export interface SignalOptions {
  /** Ends the call: it throws the signal's reason, or `Unknown` once a commit is in flight. */
  signal?: AbortSignal;
}

/** What happens when the version exists. */
export type OnConflict = "fail" | "skip" | "overwrite";

/** Options of saving. */
export interface SaveOptions extends SignalOptions {
  /** The version, one to three numbers and a prerelease. @default the next one */
  version?: string;
  /** Which number an automatic version raises. @default the last that is not zero */
  bump?: Bump;
  /** `fail` throws `AlreadyExists`, `skip` returns what exists, `overwrite` needs a mutable registry. @default "fail" */
  onConflict?: OnConflict;
  /** Overwrite only this commit, else `Conflict`. */
  ifCommit?: string;
  /** The ref whose unchanged files are shared, or null to share nothing. @default the latest version of the same name */
  base?: string | null;
  /** Return the base, with `skipped: true`, when its digest would be the same and it is of this name. @default false */
  skipIfUnchanged?: boolean;
  /** A key that this save is known by: a repeat returns the first result, saved or skipped, whatever else it asks for. */
  idempotencyKey?: string;
  /** Your own plain data, up to 64 KiB as JSON. @default {} */
  metadata?: Record<string, unknown>;
  /** What the value was made from, up to 1,000: refs, or `{ ref, digest }` with the digest that it had. @default [] */
  inputs?: ArtifactInput[];
  /** What saves the value. @default the one registered for it */
  materializer?: Materializer;
  /** Compress the stored bytes. @default not */
  compress?: Encoding;
  onProgress?: (progress: TransferProgress) => void;
}

/** How far a transfer is. */
export interface TransferProgress {
  path: string;
  bytes: number;
  totalBytes?: number;
}

/** What was saved. */
export interface SavedArtifact {
  name: string;
  version: string;
  commit: string;
  /** SHA-256 of the content. */
  digest: string;
  size: number;
  createdAt: Date;
  /** True when nothing was written because it was there. */
  skipped: boolean;
  /**
   * Bytes that this added to the store: less than `size` where files are shared with other versions, were copied as
   * second names of the same file, or are compressed; the record counts too. Absent where a registry does not say it.
   */
  addedBytes?: number;
}

/** Options of listing names. */
export interface NamesOptions extends SignalOptions {
  prefix?: string;
  /** Only names that come after this one in the listing. */
  after?: string;
  /** At most so many. @default all */
  limit?: number;
}
