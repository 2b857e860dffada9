// The jobs of storing and reading payloads. Each needs only a store: what is shared, packed and
// where to is decided before it is run, and what it gives becomes true when a record says so.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import type {
  FilesToSave,
  MaterializeOptions,
  MaterializerDescriptor,
} from "../../core/materializer.ts";
import type { Encoding, Part, StoredFile } from "../../core/record/record.ts";
import type { Verify } from "../../core/registry.ts";
import type { LargeContent, SmallContent } from "../payload/content.ts";
import type { Known } from "../payload/known.ts";

/** What is known of a file. */
export type FileFacts = Pick<StoredFile, "size" | "sha256" | "encoding">;

/** How files are stored. */
export interface StoringOptions {
  /** Compression, where it makes them smaller. */
  compress?: Encoding;
  /** What need not be stored. */
  known?: Known;
}

/** One file to be an object of its own. */
export interface StoreFileJob extends StoringOptions {
  /** Its path, for messages. */
  path: string;
  /** The key of the object. */
  to: string;
  /** Its bytes; with `as`, as they are stored elsewhere. */
  content: LargeContent;
  /** What the file is, where its bytes are stored as they come. */
  as?: FileFacts;
}

/** A file that was stored, or is known. */
export interface StoredFileReply extends FileFacts {
  /** The parts of the object that hold it; absent where it is known. */
  parts?: Omit<Part, "object">[];
  /** The object. */
  info?: ObjectInfo;
}

/** A small file of a pack. */
export interface FileToPack {
  /** Its path, for messages. */
  path: string;
  /** Its bytes; with `as`, as they are stored elsewhere. */
  content: SmallContent;
  /** What the file is, where its bytes are stored as they come. */
  as?: FileFacts;
}

/** Small files that become one object. */
export interface PackFilesJob extends StoringOptions {
  /** The key of the object. */
  to: string;
  /** The files. */
  files: FileToPack[];
}

/** Files that were packed. */
export interface PackedFilesReply {
  /** Each in its place; without a part where it is known. */
  files: (FileFacts & { part?: Omit<Part, "object"> })[];
  /** The object; absent where nothing had to be stored. */
  info?: ObjectInfo;
}

/** A value to be materialized and stored. */
export interface StoreValueJob {
  /** The value. */
  value: unknown;
  /** What materializes it, where it is run on another thread. */
  materializer: MaterializerDescriptor;
  /** The payload folder. */
  folder: string;
  /** The number of the first object. */
  first: number;
  /** Compression. */
  compress?: Encoding;
  /** What need not be stored, by size. */
  known?: ReadonlyMap<number, Known>;
  /** What only this thread has. */
  here: {
    /** Its files. */
    save(options: MaterializeOptions): FilesToSave;
  };
}

/** A value that was stored. */
export interface StoredValueReply {
  /** Its files; neither inline nor with parts are those that are known. */
  files: StoredFile[];
  /** The bytes of those that are inline. */
  inline: Uint8Array[];
  /** How many objects there are. */
  objects: number;
  /** The last of them. */
  info?: ObjectInfo;
}

/** Files of one version. */
export interface ReadJob {
  /** The version, for messages. */
  ref: string;
  /** Where its record is. */
  recordKey: string;
  /** The files with the keys of the objects that hold their parts. */
  files: { file: StoredFile; keys: string[] }[];
  /** How bytes are checked. */
  verify: Verify;
  /** Whether by way of the cache. */
  cached: boolean;
}

/** A value to be made of files. */
export interface LoadValueJob extends ReadJob {
  /** What is known of the version. */
  info: ArtifactInfo;
  /** What makes the value, where it is run on another thread. */
  materializer: MaterializerDescriptor;
  /** What all that is read whole may take into memory, bytes. */
  maxLoadBytes: number;
  /** What only this thread has. */
  here: {
    /** Makes the value. */
    load(artifact: Artifact, options: MaterializeOptions): unknown;
  };
}

/** What was read, or the key of an object that is not there: what that means only the caller can tell. */
export type ReadReply<T> = { value: T } | { missing: string };

/** The jobs of storing and reading payloads. */
export type PayloadJobs = {
  /** Stores a file. */
  storeFile: { job: StoreFileJob; result: StoredFileReply };
  /** Stores small files together. */
  packFiles: { job: PackFilesJob; result: PackedFilesReply };
  /** Materializes a value and stores its files. */
  storeValue: { job: StoreValueJob; result: StoredValueReply };
  /** Reads the one file. */
  readFile: { job: ReadJob; result: ReadReply<Uint8Array> };
  /** Writes the one file to a path that is free. */
  writeFile: { job: ReadJob & { path: string }; result: ReadReply<void> };
  /** Reads the one file, only to check it. */
  checkFile: { job: ReadJob; result: ReadReply<void> };
  /** Makes a value of files. */
  loadValue: { job: LoadValueJob; result: ReadReply<unknown> };
};
