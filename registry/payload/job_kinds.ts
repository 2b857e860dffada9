// The jobs of storing and reading payloads. Each needs only a store: what is shared, packed and
// where to is decided before it is run, and what it gives becomes true when a record says so.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import type {
  FilesToSave,
  MaterializeOptions,
  MaterializerDescriptor,
} from "../../core/materializer.ts";
import type { Encoding, Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import type { LargeContent, SmallContent } from "./content.ts";
import type { Known } from "./known.ts";

export type FileFacts = Pick<StoredFile, "size" | "sha256" | "encoding">;

export interface StoringOptions {
  compress?: Encoding;
  known?: Known;
}

export interface StoreFileJob extends StoringOptions {
  path: string;
  to: string;
  /** Its bytes; with `as`, as they are stored elsewhere. */
  content: LargeContent;
  /** What the file is, where its bytes are stored as they come. */
  as?: FileFacts;
}

export interface StoredFileReply extends FileFacts {
  /** The parts of the object that hold it; absent where it is known. */
  parts?: Omit<Part, "object">[];
  info?: ObjectInfo;
}

export interface FileToPack {
  path: string;
  /** Its bytes; with `as`, as they are stored elsewhere. */
  content: SmallContent;
  /** What the file is, where its bytes are stored as they come. */
  as?: FileFacts;
}

export interface PackFilesJob extends StoringOptions {
  to: string;
  files: FileToPack[];
}

export interface PackedFilesReply {
  files: (FileFacts & { part?: Omit<Part, "object"> })[];
  /** The object; absent where nothing had to be stored. */
  info?: ObjectInfo;
}

export interface StoreValueJob {
  value: unknown;
  materializer: MaterializerDescriptor;
  folder: string;
  first: number;
  compress?: Encoding;
  known?: ReadonlyMap<number, Known>;
  here: {
    save(options: MaterializeOptions): FilesToSave;
  };
}

export interface StoredValueReply {
  /** Its files; neither inline nor with parts are those that are known. */
  files: StoredFile[];
  inline: Uint8Array[];
  objects: number;
  info?: ObjectInfo;
}

export interface ReadJob {
  ref: string;
  recordKey: string;
  files: { file: StoredFile; keys: string[] }[];
  verify: Verify;
  cached: boolean;
}

export interface LoadValueJob extends ReadJob {
  info: ArtifactInfo;
  materializer: MaterializerDescriptor;
  maxLoadBytes: number;
  here: {
    load(artifact: Artifact, options: MaterializeOptions): unknown;
  };
}

/** What was read, or the key of an object that is not there: what that means only the caller can tell. */
export type ReadReply<T> = { value: T } | { missing: string };

export type PayloadJobs = {
  storeFile: { job: StoreFileJob; result: StoredFileReply };
  packFiles: { job: PackFilesJob; result: PackedFilesReply };
  storeValue: { job: StoreValueJob; result: StoredValueReply };
  readFile: { job: ReadJob; result: ReadReply<Uint8Array> };
  writeFile: { job: ReadJob & { path: string }; result: ReadReply<void> };
  checkFile: { job: ReadJob; result: ReadReply<void> };
  loadValue: { job: LoadValueJob; result: ReadReply<unknown> };
};
