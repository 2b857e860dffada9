// Deletions and copies of versions, and drafts: options and rows of their operations.
import { CHOICES, SAVED, type SaveOptions } from "./saving.ts";
import type { SignalOptions, TransferProgress } from "./saving.ts";
import { type RequestRowOf, type RoutedRowOf, type RowOf, SIGNAL } from "./row.ts";

/** Options of deleting. */
export interface DeleteOptions extends SignalOptions {
  version?: string;
  /**
   * Deletes every version of a bare name, newest first. Required, unless the registry has no
   * versions. One that an alias is set to meanwhile ends that with `Conflict`: it stays, and so do
   * those before it. With `force`, the aliases of the name are deleted too; their history stays.
   *
   * @default false
   */
  allVersions?: boolean;
  /**
   * Deletes a version even if an alias or a release names it, or a rule protects its name.
   *
   * @default false: `Conflict`
   */
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
  onConflict?: SaveOptions["onConflict"];
  onProgress?: (progress: TransferProgress) => void;
}

/** The rows about deletions, copies and drafts. */
export interface ChangingRows {
  delete: RequestRowOf<DeleteOptions>;
  undelete: RoutedRowOf<UndeleteOptions>;
  copy: RoutedRowOf<CopyOptions>;
  openDraft: RowOf<{ id: string } & SignalOptions>;
}

export const CHANGING: ChangingRows = {
  delete: {
    action: "delete",
    takes: ["ref"],
    options: {
      version: {},
      allVersions: {}, // another route
      force: {
        sent: "flag",
        doc: "Deletes it even if an alias or a release names it, or a rule protects it",
      },
      ifCommit: { sent: "text", doc: "Only if this is the commit" },
      dryRun: { sent: "flag", doc: "Only checks, and answers the same" },
      ...SIGNAL,
    },
    effect: "writes",
    route: {
      at: "DELETE /artifacts/:name/versions/:version",
      id: "deleteVersion",
      tag: "artifacts",
      summary: "Deletes a version; garbage collection frees its bytes later",
      scope: "delete",
    },
  },
  undelete: {
    action: "undelete",
    takes: ["ref"],
    options: { version: {}, onProgress: {}, ...SIGNAL },
    effect: "writes",
    reports: "moved",
    route: {
      at: "POST /artifacts/:name/versions/:version/undelete",
      id: "undeleteVersion",
      tag: "artifacts",
      summary: "Restores a deleted version while its files are there",
      description: "409 if it is not deleted, 404 if it never was or its files are gone. Also " +
        "needs the right to read the name.",
      scope: "delete",
      reads: true,
      answer: SAVED,
    },
  },
  copy: {
    action: "copy",
    takes: ["ref", "to"],
    options: {
      onConflict: { sent: "text", among: CHOICES.onConflict },
      onProgress: {},
      ...SIGNAL,
    },
    effect: "writes",
    reports: "moved",
    route: {
      at: "POST /artifacts/:name/versions/:version/copy",
      id: "copyVersion",
      request: "CopyRequest",
      tag: "artifacts",
      summary: "Saves the files and metadata of a version under another ref",
      description: "Needs the right to read this name, and to save the other.",
      scope: "read",
      answer: SAVED,
    },
  },
  openDraft: {
    action: "open a draft of",
    takes: ["name"],
    options: { id: {}, ...SIGNAL },
    required: ["id"],
    effect: "reads",
  },
};
