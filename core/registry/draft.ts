// Drafts: versions that many workers write and one of them commits.
import type { FilesToSave, FileToSave, Materializer } from "../materializer.ts";
import type {
  SavedArtifact,
  SaveOptions,
  SignalOptions,
  TransferProgress,
} from "./operations/saving.ts";
import type { Encoding, FileInfo } from "../record.ts";

/** Options of {@linkcode Draft.addPart}. */
export interface AddPartOptions extends SignalOptions {
  /** @default none */
  compress?: Encoding;
  onProgress?: (progress: TransferProgress) => void;
}

/** The result of {@linkcode Draft.addPart}. */
export interface AddedPart {
  /** False if the part existed, and stays. */
  added: boolean;
  files: number;
  size: number;
}

/** The state of a draft. */
export interface DraftInfo {
  /**
   * In `committing`, a commit has begun: no parts can be added, and `commit` completes it. An
   * `abandoned` draft had no additions for so long that `gc` may remove it: 7 days, or 7 times the
   * grace period if that is longer, minus twice `leastGraceMs` (2 hours by default).
   */
  state: "open" | "committing" | "committed" | "discarded" | "abandoned";
  version?: string;
  /**
   * Parts by encoded name, with times by the store's clock; after a commit, those of its version.
   * Empty after `gc`.
   */
  parts: { part: string; addedAt: Date }[];
}

/** Options of {@linkcode Draft.commit}. */
export interface CommitDraftOptions
  extends Omit<SaveOptions, "as" | "idempotencyKey" | "compress"> {
  /**
   * The exact parts of the version. Throws `NotFound` if one is missing, `Conflict` if the draft
   * was committed with others.
   *
   * @default all parts whose `addPart` has returned, and possibly others
   */
  parts?: readonly string[];
  /** Materializer that can load the files. @default "folder", which loads a `StoredPath` */
  as?: Pick<Materializer, "id" | "formatVersion">;
}

/** A version that many workers, on any machine, write and one of them commits. */
export interface Draft {
  readonly name: string;
  readonly id: string;
  /**
   * Adds files as a part, all or nothing. Once it has returned, every commit without `parts`
   * contains the part. After a failure the part may exist; adding it again is safe and never
   * changes it.
   *
   * @param files files as a materializer returns them, or a value such as a `localPath`
   * @throws {RegistryError} `Conflict` if the draft is committed, being committed, discarded or
   * abandoned
   */
  addPart(part: string, files: FilesToSave | object, options?: AddPartOptions): Promise<AddedPart>;
  /** Adds one file as a part named like its path. Use `addPart` for paths with `@`. */
  addFile(
    path: string,
    content: FileToSave["content"],
    options?: AddPartOptions,
  ): Promise<AddedPart>;
  info(options?: SignalOptions): Promise<DraftInfo>;
  files(options?: SignalOptions): Promise<(FileInfo & { part: string })[]>;
  /**
   * Saves the parts as one version. A repeated or concurrent commit returns the same version with
   * `skipped: true`. A commit that failed can be repeated with other options; once decided, its
   * parts stay the same.
   *
   * @throws {RegistryError} `NotFound` for a missing part, `Invalid` for two parts with one path,
   * `Conflict` if the draft was discarded, abandoned, or committed with other parts
   */
  commit(options?: CommitDraftOptions): Promise<SavedArtifact>;
  /** Discards the draft, and `gc` removes it. False if it is empty, or a commit has begun. */
  discard(options?: SignalOptions): Promise<boolean>;
}
