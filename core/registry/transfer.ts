// Direct transfers between other programs, or browsers, and the store.
import type { Materializer } from "../materializer.ts";
import type { FileInfo } from "../record.ts";
import type { SaveOptions, SignalOptions } from "./saving.ts";

/** A file to upload. */
export interface UploadFile {
  path: string;
  /** The upload must send it as `content-type`. */
  mediaType?: string;
  /** Required number of bytes. @default any */
  size?: number;
  /** Required SHA-256, 64 lowercase hexadecimal digits. @default any */
  sha256?: string;
}

/** Options of {@linkcode createUpload}. */
export interface CreateUploadOptions extends SignalOptions {
  files: readonly (string | UploadFile)[];
  /** Lifetime of the URLs, milliseconds, a second to 7 days. @default 3600000 (1 h) */
  expiresInMs?: number;
}

/** The request that uploads a file. */
export interface UploadTarget extends UploadFile {
  /** Its bearer can write this one object. */
  url: string;
  /** The body is the file. */
  method: "PUT";
  /** Required headers. */
  headers: Record<string, string>;
}

/** A direct upload. Hand out the targets, and commit it when the files have arrived. */
export interface Upload {
  id: string;
  /** In the order of the request. */
  files: UploadTarget[];
  expiresAt: Date;
}

/** The part of an {@linkcode Upload} that a commit needs. Keep it; do not trust a client's copy. */
export interface UploadToCommit {
  id: string;
  files: readonly UploadFile[];
}

/** Options of {@linkcode commitUpload}. */
export interface CommitUploadOptions extends Omit<SaveOptions, "materializer"> {
  name: string;
  /** Materializer that can load the files. @default "file" for one file, "folder" for several */
  materializer?: Pick<Materializer, "id" | "formatVersion">;
}

/** Options of {@linkcode presignDownload}. */
export interface DirectDownloadOptions extends SignalOptions {
  /** The version, range or alias of a bare name. @default latest */
  version?: string;
  /** @default the only file */
  path?: string;
  /** File name for browsers. @default the last segment of the path */
  fileName?: string;
  /** Lifetime of the URL, milliseconds, a second to 7 days. @default 3600000 (1 h) */
  expiresInMs?: number;
}

/** A URL to download a file. */
export interface DirectDownload {
  /** Its bearer can read this one file. */
  url: string;
  expiresAt: Date;
  /** Compare its SHA-256 with the download: nothing else verifies it. */
  file: FileInfo;
}
