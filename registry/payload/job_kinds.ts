// The jobs that store and read payloads. Each needs only a store: sharing, packing and folders are
// decided before, and a record makes the result visible.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import type {
  FilesToSave,
  MaterializeOptions,
  MaterializerDescriptor,
} from "../../core/materializer.ts";
import type { Encoding, Part, StoredBase, StoredFile, StoredValues } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import type { ObjectRange } from "../cell/object_ranges.ts";
import type { LargeContent, SmallContent } from "./content.ts";
import type { Known } from "./known.ts";

export type FileFacts = Pick<StoredFile, "size" | "sha256" | "encoding">;

interface StoringOptions<K> {
  compress?: Encoding;
  known?: K;
}

/** A part; without `object` of the one that was written. */
export type WrittenPart = Omit<Part, "object"> & Partial<Pick<Part, "object">>;

export interface StoreFileJob extends StoringOptions<Known> {
  path: string;
  to: string;
  /** The bytes. With `as`, already encoded. */
  content: LargeContent;
  /** Facts of the file, if its bytes are stored unchanged. */
  as?: FileFacts;
  /** Digests of files that are stored without a list of chunks. */
  leftDigests?: Known;
  sharing?: ByteSharing;
}

/** Present if a file may share bytes with others, now or in the next version. */
export interface ByteSharing {
  earlier?: EarlierFile;
  /** Present if a file may be stored by values. */
  values?: { base?: ValueBase };
}

/** A file of the base, by whose values a changed file may be stored. */
export interface ValueBase {
  /** The name of the artifact. */
  name: string;
  path: string;
  size: number;
  file: StoredBase;
}

/** An uncompressed file of the base, whose bytes a changed file may share. */
export interface EarlierFile {
  size: number;
  parts: readonly (ObjectRange & Required<Pick<Part, "object" | "from">>)[];
  /** Its list of chunks, if it has one. */
  chunks?: ObjectRange & { sha256: string };
  /** True if a file of this size is hashed before it is cut: cutting takes twice as long. */
  expectsEqual: boolean;
}

export interface StoredFileReply extends FileFacts {
  /** Absent if the file is known. */
  parts?: WrittenPart[];
  /** How it is stored by values, if it is. Its list of groups is in the object that was written. */
  values?: Omit<StoredValues, "groups"> & { groups: Omit<StoredValues["groups"], "object"> };
  /** The encoded list of its chunks. */
  list?: Uint8Array;
  info?: ObjectInfo;
}

export interface FileToPack {
  path: string;
  /** The bytes. With `as`, already encoded. */
  content: SmallContent;
  /** Facts of the file, if its bytes are stored unchanged. */
  as?: FileFacts;
}

export interface PackFilesJob extends StoringOptions<ReadonlyMap<number, readonly Known[]>> {
  to: string;
  files: FileToPack[];
}

export interface PackedFilesReply {
  /** Known files have no `parts`. */
  files: (FileFacts & { parts?: WrittenPart[] })[];
  /** The object; absent if nothing had to be stored. */
  info?: ObjectInfo;
}

export interface StoreValueJob {
  value: unknown;
  materializer: MaterializerDescriptor;
  folder: string;
  first: number;
  compress?: Encoding;
  known?: ReadonlyMap<number, Known>;
  /** Same as of a base, if files may share bytes. */
  sharing?: Map<string, EarlierFile>;
  /** Same as of a base, if files may be stored by values. */
  valued?: Map<string, ValueBase>;
  here: { save(options: MaterializeOptions): FilesToSave };
}

export interface StoredValueReply {
  /** Known files have neither `inline` nor `parts`. */
  files: StoredFile[];
  inline: Uint8Array[];
  /** Encoded lists of chunks, by the SHA-256 of the file. */
  lists: ReadonlyMap<string, Uint8Array>;
  objects: number;
  info?: ObjectInfo;
}

export interface ReadJob {
  ref: string;
  recordKey: string;
  files: { file: StoredFile; keys: string[] }[];
  verify: Verify;
  cached: boolean;
  /** The most bytes that whole reads may have together. @default Infinity */
  maxLoadBytes?: number;
  info?: ArtifactInfo;
}

interface LoadValueJob extends Required<ReadJob> {
  materializer: MaterializerDescriptor;
  here: { load(artifact: Artifact, options: MaterializeOptions): unknown };
}

/** The value, or a missing object of a file: only the caller can tell why it is missing. */
export type ReadReply<T> = { value: T } | { missing: [key: string, path: string] };

export type PayloadJobs = {
  storeFile: { job: StoreFileJob; result: StoredFileReply };
  packFiles: { job: PackFilesJob; result: PackedFilesReply };
  storeValue: { job: StoreValueJob; result: StoredValueReply };
  readFile: { job: ReadJob; result: ReadReply<Uint8Array> };
  writeFile: { job: ReadJob & { path: string }; result: ReadReply<void> };
  checkFile: { job: ReadJob; result: ReadReply<void> };
  loadValue: { job: LoadValueJob; result: ReadReply<unknown> };
};

/** The jobs that store objects of a payload. */
export type StoringKind = "storeFile" | "packFiles" | "storeValue";

/** A job without the place of its objects. */
export type UnplacedJob<N extends StoringKind> = Omit<
  PayloadJobs[N]["job"],
  "to" | "folder" | "first"
>;
