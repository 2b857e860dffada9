// Drafts: versions that many workers write together, and one of them commits.
import type { FilesToSave, FileToSave, Materializer } from "../materializer.ts";
import type { SavedArtifact, SaveOptions, SignalOptions, TransferProgress } from "./saving.ts";
import type { Encoding, FileInfo } from "../record.ts";

/** How a draft is opened. */
export interface OpenDraftOptions {
  /** Identifies it among the drafts of the name: whoever opens the same id adds to the same draft. */
  id: string;
}

/** How a part is added. */
export interface AddPartOptions extends SignalOptions {
  /** How its files are compressed. @default not at all */
  compress?: Encoding;
  onProgress?: (progress: TransferProgress) => void;
}

/** What became of a part that was to be added. */
export interface AddedPart {
  /** False where it was there already: then nothing was read, and what was there counts. */
  added: boolean;
  files: number;
  size: number;
}

/** A part of a draft. */
export interface DraftPart {
  part: string;
  /** When it was added, by the store's clock. */
  addedAt: Date;
}

/** What is known of a draft. */
export interface DraftInfo {
  /**
   * `open`: parts can be added. `committing`: a commit has begun, no more parts can be added, and the version does not
   * exist yet; `commit` completes it. `abandoned`: nothing was added for so long that `gc` may remove the draft. That
   * is 7 days, or 7 times the registry's grace if that is longer, less two graces; at least 5 days.
   */
  state: "open" | "committing" | "committed" | "discarded" | "abandoned";
  version?: string;
  /** Its parts by encoded name; after a commit, those in its version. Empty after `gc` removed them. */
  parts: DraftPart[];
}

/** Options of {@linkcode Draft.commit}: those of a save, without what the draft says itself. */
export interface CommitDraftOptions
  extends Omit<SaveOptions, "materializer" | "idempotencyKey" | "compress"> {
  /**
   * The parts of the version, exactly. Throws `NotFound` if one is missing, `Conflict` if the draft was committed with
   * other parts.
   *
   * @default all parts whose `addPart` has returned, and possibly some whose `addPart` has not
   */
  parts?: readonly string[];
  /** What can read the files. @default "folder": `load` gives a `StoredPath` */
  materializer?: Pick<Materializer, "id" | "formatVersion">;
}

/**
 * A version that many workers, on any machines, write together, and one of them commits. It may be opened any number
 * of times. What is in it counts for nobody before it is committed.
 */
export interface Draft {
  readonly name: string;
  readonly id: string;
  /**
   * Adds files under the name of a part, all of them or none. Once this has returned, every commit without `parts` has
   * the part. After a failure or a kill the part may be there; adding it again is safe and never changes it. If several
   * workers add one part at once, one of them counts.
   *
   * @param files files as a materializer gives them, or a value that can be saved, such as a `localPath`
   * @throws {RegistryError} `Conflict` if the draft was committed without this part, is being committed, or was
   * discarded or abandoned
   */
  addPart(part: string, files: FilesToSave | object, options?: AddPartOptions): Promise<AddedPart>;
  /** Adds one file, as a part of its own that is called like its path; one that is no name (with `@`) needs `addPart`. */
  add(path: string, content: FileToSave["content"], options?: AddPartOptions): Promise<AddedPart>;
  info(options?: SignalOptions): Promise<DraftInfo>;
  files(options?: SignalOptions): Promise<(FileInfo & { part: string })[]>;
  /**
   * Saves the parts as one version, and copies only small ones. A repeated or concurrent commit returns the same
   * version, with `skipped: true`. A commit that fails after it has decided on the parts can be repeated with other
   * options, such as another `version`; its parts stay the same.
   *
   * @throws {RegistryError} `NotFound` for a part that is not there; `Invalid` if two parts have one path; `Conflict`
   * if the draft was discarded or abandoned, or committed with other parts
   */
  commit(options?: CommitDraftOptions): Promise<SavedArtifact>;
  /**
   * Discards the draft: no more parts can be added, and `gc` removes it. Returns false if it is empty, or a commit has
   * decided on its parts.
   */
  discard(options?: SignalOptions): Promise<boolean>;
}
