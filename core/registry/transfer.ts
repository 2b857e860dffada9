// Files that go straight between other programs, or a browser, and the store.
import type { Materializer } from "../materializer.ts";
import type { FileInfo } from "../record.ts";
import type { SaveOptions, SignalOptions } from "./saving.ts";

/** A file that will be uploaded. */
export interface UploadFile {
  path: string;
  /** Its media type. The upload must send it as `content-type`. */
  mediaType?: string;
  /** How many bytes it must have. @default any */
  size?: number;
  /** What its SHA-256 must be, 64 lowercase hexadecimal digits. @default any */
  sha256?: string;
}

/** Options of {@linkcode createUpload}. */
export interface CreateUploadOptions extends SignalOptions {
  files: readonly (string | UploadFile)[];
  /** How long the URLs work, milliseconds, a second to 7 days. @default 3600000 (1 h) */
  expiresInMs?: number;
}

/** Where a file is to be sent. */
export interface UploadTarget extends UploadFile {
  /** The URL. Whoever knows it can write this one object. */
  url: string;
  /** The method of the request; its body is the file. */
  method: "PUT";
  /** Headers that must be sent. */
  headers: Record<string, string>;
}

/** A direct upload: hand out the targets, keep the rest, and commit it when the files have arrived. */
export interface Upload {
  id: string;
  /** Where each file is to be sent, in the order given. */
  files: UploadTarget[];
  expiresAt: Date;
}

/** What of an {@linkcode Upload} a commit needs. Take it from where you kept it, not from whoever uploaded. */
export interface UploadToCommit {
  id: string;
  files: readonly UploadFile[];
}

/** Options of {@linkcode commitUpload}: those of a save, and the name. */
export interface CommitUploadOptions extends Omit<SaveOptions, "materializer"> {
  name: string;
  /** What can read the files. @default "file" for one file, "folder" for several: `load` gives a `StoredPath` */
  materializer?: Pick<Materializer, "id" | "formatVersion">;
}

/** Options of {@linkcode presignDownload}. */
export interface DirectDownloadOptions extends SignalOptions {
  /** The version, range or alias, beside a bare name. @default latest */
  version?: string;
  /** The file. @default the only one */
  path?: string;
  /** The name that a browser saves it under. @default the last segment of its path */
  fileName?: string;
  /** How long the URL works, milliseconds, a second to 7 days. @default 3600000 (1 h) */
  expiresInMs?: number;
}

/** Where a file can be fetched. */
export interface DirectDownload {
  /** The URL. Whoever knows it can read this one file. */
  url: string;
  expiresAt: Date;
  /** The file: compare the SHA-256 of what was fetched, nobody else does. */
  file: FileInfo;
}
