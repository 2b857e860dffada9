// Options and results of saving.
import type { Materializer } from "../../materializer.ts";
import type { MemberRows } from "../../kinds.ts";
import { type AnswerRow, type RowOf, SIGNAL } from "./row.ts";
import type { ArtifactInput, Encoding, VersionRecord } from "../../record.ts";

/** Options with a signal. */
export interface SignalOptions {
  /** Aborts the call: it throws the signal's reason, or `Unknown` after a commit was sent. */
  signal?: AbortSignal;
}

/** Options of saving. */
export interface SaveOptions extends SignalOptions {
  /** One to three numbers and a prerelease. @default the next version */
  version?: string;
  /** Number that an automatic version raises. @default the last that is not zero */
  bump?: "major" | "minor" | "patch";
  /**
   * `fail` throws `AlreadyExists`, `skip` returns the existing one.
   *
   * @default "fail"; "overwrite" in a mutable registry without versions
   */
  onConflict?: "fail" | "skip" | "overwrite";
  /** Overwrites only this commit, else throws `Conflict`. */
  ifCommit?: string;
  /** Ref whose unchanged files are shared. @default the latest version of the name */
  base?: string;
  /**
   * Share equal ranges of changed files, only whole files, or nothing. With `values`, also the numbers
   * of weights (safetensors, npy …): what differs from those of an earlier version is stored, and
   * earlier releases cannot read the version. @default as in the settings
   */
  share?: "values" | "bytes" | "files" | "none";
  /**
   * Returns the base with `skipped: true` if its digest is equal. Of parallel saves of one content,
   * one saves. @default false
   */
  skipIfUnchanged?: boolean;
  /** A repeat returns the first result. `Conflict` for another `version` or `ifCommit`. */
  idempotencyKey?: string;
  /**
   * An alias to set to the version, or several. A repeat with the same key sets those that nobody
   * has changed since the first try.
   */
  alias?: string | readonly string[];
  /** Your own plain data, up to 64 KiB as JSON. @default {} */
  metadata?: Record<string, unknown>;
  /**
   * Up to 1,000 refs that the value was made from. A name, an alias or a range is recorded as the
   * version that it means when the save begins, with its digest; an unknown ref is `NotFound`. With
   * a digest, an exact version is not looked up. With `digest: null`, any ref is recorded as it is:
   * of another registry, or forgotten here. @default []
   */
  inputs?: (ArtifactInput | { ref: string; digest: null })[];
  /** @default the one registered for the value */
  as?: Materializer;
  /** Compression of the stored bytes. @default none */
  compress?: Encoding;
  onProgress?: (progress: TransferProgress) => void;
}

/** The option of a save that is only checked. */
export const ONLY_CHECKED: unique symbol = Symbol("holdfast.only_checked");

/**
 * An option for services, whose clients ask before they send files. The save throws all errors that
 * it would throw before it reads a large file, and has no effects.
 */
export interface CheckedOptions {
  [ONLY_CHECKED]?: true;
}

export type OnConflict = NonNullable<SaveOptions["onConflict"]>;

/** Progress of a transfer. */
export interface TransferProgress {
  path: string;
  bytes: number;
  totalBytes?: number;
}

/** The result of a save. */
export interface SavedArtifact {
  name: string;
  version: string;
  commit: string;
  /** SHA-256 of the content. */
  digest: string;
  size: number;
  createdAt: Date;
  /** True if nothing was written because the version existed. */
  skipped: boolean;
  /** Bytes added to the store, with the record and without shared files. Absent if unknown. */
  addedBytes?: number;
}

/** Returns the result of a save whose version has this record. */
export function savedArtifact(
  { name, version, commit, digest, size, createdAt }: VersionRecord,
  skipped: boolean,
  addedBytes = 0,
): SavedArtifact {
  const created = { createdAt: new Date(createdAt) };
  return { name, version, commit, digest, size, ...created, skipped, addedBytes };
}

const SAVED_MEMBERS: MemberRows<SavedArtifact> = {
  name: "text",
  version: "text",
  commit: "text",
  digest: "digest",
  size: "count",
  createdAt: "moment",
  skipped: "flag",
  addedBytes: "count?",
};

/** The answer to a request that saves. */
export const SAVED: AnswerRow = { type: "SavedArtifact", doc: "Saved", has: SAVED_MEMBERS };

/** All values of some options: checks, schemas and the flags of commands have them from here. */
export const CHOICES = {
  bump: ["major", "minor", "patch"],
  onConflict: ["fail", "skip", "overwrite"],
  share: ["values", "bytes", "files", "none"],
  compress: ["gzip", "zstd"],
} as const satisfies { [Name in keyof SaveOptions]: readonly SaveOptions[Name][] };

/** A save. Services and clients have code for the other options and the files in a request. */
export const SAVE: RowOf<SaveOptions> = {
  action: "save",
  takes: ["name", "value"],
  options: {
    version: { sent: "text" },
    bump: { sent: "text", among: CHOICES.bump },
    onConflict: { sent: "text", among: CHOICES.onConflict },
    ifCommit: { sent: "text" },
    base: { sent: "text" },
    share: { sent: "text", among: CHOICES.share },
    skipIfUnchanged: { sent: "flag" },
    idempotencyKey: { sent: "text" },
    alias: {},
    metadata: {},
    inputs: {},
    as: {},
    compress: { sent: "text", among: CHOICES.compress },
    onProgress: {},
    ...SIGNAL,
  },
  effect: "writes",
  reports: "moved",
};
