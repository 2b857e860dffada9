// One attempt to save, as a value that the steps of `save.ts` read and fill.
import type { FilesToSave } from "../../../core/materializer.ts";
import type { VersionRecord } from "../../../core/record.ts";
import type { CheckedOptions, SaveOptions } from "../../../core/registry/operations/saving.ts";
import type { Operation } from "../../cell/operation.ts";
import type { FoundRecord } from "../../cell/heads.ts";
import type { PayloadPlace } from "../../format/layout.ts";
import type { Base } from "../../payload/base.ts";
import type { Payload, ValueToStore } from "../../payload/write.ts";
import type { PayloadFolder, PayloadFolderOptions } from "../../payload/writing/payload_folder.ts";
import type { Shelves, StoringOptions } from "../../payload/writing/store_payload.ts";
import type { Context } from "../context.ts";
import type { TargetChooser } from "../target/target.ts";
import type { DeletedContent } from "../undelete/deleted_version.ts";
import type { UserFields } from "./check_options.ts";

/** Content to save: files of a materializer or of another version. */
export interface FilesOfArtifact {
  name: string;
  materializer: { id: string; formatVersion: number };
  members?: Partial<VersionRecord>;
  /** Generation of the named version to write above: nothing counts there or below. */
  above?: number;
  deleted?: DeletedContent; // to restore
  /** True if the files are those of the base. @default false */
  wholeBase?: boolean;
  /** Digest that the files must have. A value that can be read only once has another on a retry. */
  digest?: string;
  /** Stores the files and their list in pages itself, instead of `produce`. Called again likewise. */
  storeListed?(attempt: Attempt): Promise<ListedPayload>;
  /** Receives the keys of objects that the version does not need, as its base has their bytes. */
  onShared?(unneeded: string[]): void;
  /** Returns the files. Called again only if the base was deleted during a very long upload. */
  produce(operation: Operation): FilesToSave | Promise<Awaited<FilesToSave> | ValueToStore>;
}

/** A payload whose list is stored in pages, and the keys of what it shares with other versions. */
export interface ListedPayload extends Pick<VersionRecord, "fileList" | "digest" | "size"> {
  sharedPages: string[];
  /** True if a file is stored by values. */
  hasValues: boolean;
}

export type Ending =
  | { state: "saved"; record: VersionRecord; addedBytes: number }
  | { state: "existing"; found: FoundRecord }
  | { state: "baseGone"; digest: string };

/** The folder of the payload, and the stored files that it may share. */
interface Placed {
  place: PayloadPlace;
  folder: PayloadFolder;
  shelves: Shelves;
}

/** The values that an attempt begins with, and those that it has found so far. */
export interface Attempt {
  readonly context: Context;
  readonly artifact: FilesOfArtifact;
  readonly options: SaveOptions & CheckedOptions;
  readonly userFields: UserFields;
  readonly operation: Operation;
  readonly chooser: TargetChooser;
  readonly sharesNothing: boolean;
  readonly settings: StoringOptions & Omit<PayloadFolderOptions, "key">;
  readonly payload: Payload;
  /** Local time before the files were found, milliseconds. */
  readonly startedAt: number;
  /**
   * Throws `Conflict` if the rules protect the version that the save overwrites. Once it has, a
   * protected alias that was set to it meanwhile is put back.
   */
  checkUnprotected(isWritten?: boolean): Promise<void>;
  base?: Base;
  /** Absent while all files fit into the record. */
  placed?: Placed;
  listed?: ListedPayload;
}
