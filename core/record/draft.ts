/**
 * Drafts: versions that many workers write together, and one of them commits.
 *
 * @module
 */
import type { FilesToSave, FileToSave, Materializer } from "../materializer.ts";
import type { SavedArtifact, SaveOptions, SignalOptions, TransferProgress } from "./saving.ts";
import type { Encoding, FileInfo } from "./record.ts";

/** How a draft is opened. */
export interface OpenDraftOptions {
  /** Identifies it among the drafts of the name: whoever opens the same id adds to the same draft. */
  id: string;
}

/** How a part is added. */
export interface AddPartOptions extends SignalOptions {
  /** How its files are compressed. @default not at all */
  compress?: Encoding;
  /** Hears of bytes as they move. */
  onProgress?: (progress: TransferProgress) => void;
}

/** What became of a part that was to be added. */
export interface AddedPart {
  /** False where it was there already: then nothing was read, and what was there counts. */
  added: boolean;
  /** How many files it has. */
  files: number;
  /** Their bytes. */
  size: number;
}

/** A part of a draft. */
export interface DraftPart {
  /** Its name in the draft. */
  part: string;
  /** When it was added, by the store's clock. */
  addedAt: Date;
}

/** What is known of a draft. */
export interface DraftInfo {
  /**
   * `open` where parts may be added; `abandoned` where nothing was added for so long that the janitor may be about to
   * collect it (5 days at least: 7 days, or 7 times the registry's grace if that is longer, less two graces).
   */
  state: "open" | "committed" | "discarded" | "abandoned";
  /** The version that it was committed as. */
  version?: string;
  /** Its parts, in the order of their encoded names; none of one that ended and was collected. */
  parts: DraftPart[];
}

/** Options of {@linkcode Draft.commit}: those of a save, without what the draft says itself. */
export interface CommitDraftOptions extends Omit<SaveOptions, "materializer" | "idempotencyKey" | "compress"> {
  /** Exactly these parts are in the version; one that is not there is `NotFound`. @default all that are there */
  parts?: readonly string[];
  /** What can read the files. @default "folder": `load` gives a `StoredPath` */
  materializer?: Pick<Materializer, "id" | "formatVersion">;
}

/**
 * A version that many workers, on any machines, write together, and one of them commits. It may be opened any number
 * of times. What is in it counts for nobody before it is committed.
 */
export interface Draft {
  /** The artifact. */
  readonly name: string;
  /** Identifies it among the drafts of the name. */
  readonly id: string;
  /**
   * Adds files under the name of a part, all of them at once: when this returns the part is there, and after a failure
   * or a kill nothing of it. A part that is there is left as it is; of two that add one at the same moment, one counts.
   *
   * @param files files as a materializer gives them, or a value that can be saved, such as a `localPath`
   * @throws {RegistryError} `Conflict` where the draft was committed, discarded or abandoned
   */
  addPart(part: string, files: FilesToSave | object, options?: AddPartOptions): Promise<AddedPart>;
  /** Adds one file, as a part of its own that is called like its path; one that is no name (with `@`) needs `addPart`. */
  add(path: string, content: FileToSave["content"], options?: AddPartOptions): Promise<AddedPart>;
  /** Its state, and which parts are there. */
  info(options?: SignalOptions): Promise<DraftInfo>;
  /** The files of all parts, sorted by their paths. */
  files(options?: SignalOptions): Promise<(FileInfo & { part: string })[]>;
  /**
   * Saves what is there as one version. Payload is not moved, but for small parts. A repeat, or another that commits at
   * the same moment, gives the same version, with `skipped: true`.
   *
   * @throws {RegistryError} `NotFound` for a part that is not there; `Invalid` where two parts have one path;
   * `Conflict` where it was discarded or abandoned
   */
  commit(options?: CommitDraftOptions): Promise<SavedArtifact>;
  /** Gives it up: nothing can be added any more, and the janitor removes it. False where it was committed, or is empty. */
  discard(options?: SignalOptions): Promise<boolean>;
}
