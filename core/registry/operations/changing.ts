// Deletions and copies of versions, and drafts: options and rows of their operations.
import type { OnConflict, SignalOptions, TransferProgress } from "../saving.ts";
import { type RowOf, SIGNAL } from "./row.ts";

/** Options of deleting. */
export interface DeleteOptions extends SignalOptions {
  version?: string;
  /**
   * Deletes every version of a bare name. Required, unless the registry has no versions. @default
   * false
   */
  allVersions?: boolean;
  /** Deletes a version even if an alias or a release names it. @default false: `Conflict` */
  force?: boolean;
  /** Deletes only this commit, else throws `Conflict`. */
  ifCommit?: string;
  /** Checks and returns the same without deleting. @default false */
  dryRun?: boolean;
}

/** Options of undoing a deletion. */
export interface UndeleteOptions extends SignalOptions {
  version?: string;
  onProgress?: (progress: TransferProgress) => void;
}

/** Options of copying. */
export interface CopyOptions extends SignalOptions {
  /** If the version exists. @default "fail" */
  onConflict?: OnConflict;
  onProgress?: (progress: TransferProgress) => void;
}

interface ChangingRows {
  delete: RowOf<DeleteOptions>;
  undelete: RowOf<UndeleteOptions>;
  copy: RowOf<CopyOptions>;
  openDraft: RowOf<{ id: string }>;
}

export const CHANGING: ChangingRows = {
  delete: {
    action: "delete",
    takes: ["ref"],
    options: {
      version: {},
      allVersions: {},
      force: {},
      ifCommit: {},
      dryRun: {},
      ...SIGNAL,
    },
    effect: "writes",
  },
  undelete: {
    action: "undelete",
    takes: ["ref"],
    options: { version: {}, onProgress: {}, ...SIGNAL },
    effect: "writes",
    reports: "moved",
  },
  copy: {
    action: "copy",
    takes: ["ref", "to"],
    options: {
      onConflict: {},
      onProgress: {},
      ...SIGNAL,
    },
    effect: "writes",
    reports: "moved",
  },
  openDraft: {
    action: "open a draft of",
    takes: ["name"],
    options: { id: {} },
    required: ["id"],
    effect: "reads",
  },
};
