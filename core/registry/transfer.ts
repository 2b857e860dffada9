// Transfers between the store and other programs, or browsers.
import type { FileInfo } from "../record.ts";
import { type RequestRowOf, SIGNAL } from "./operations/row.ts";
import type { SignalOptions } from "./operations/saving.ts";

/** Options of {@linkcode presignDownload}. */
export interface DirectDownloadOptions extends SignalOptions {
  /** The version, range or alias of a bare name. @default latest */
  version?: string;
  /** @default the only file */
  path?: string;
  /** File name for browsers. @default the last segment of the path */
  fileName?: string;
  /**
   * Lifetime of the URL, milliseconds, a second to 7 days. URLs of a service live an hour at most,
   * and not longer than the token. @default 3600000 (1 h)
   */
  expiresInMs?: number;
}

export const PRESIGN: RequestRowOf<DirectDownloadOptions> = {
  action: "presign a file of",
  takes: ["ref"],
  options: {
    version: {},
    path: { sent: "text", doc: "The file. Default: the only one" },
    fileName: { sent: "text", doc: "The file name for saving" },
    expiresInMs: {
      sent: "count",
      range: [1000, 3_600_000], // of a service
      doc: "Lifetime of the URL, milliseconds. A shorter one of the token wins",
    },
    ...SIGNAL,
  },
  effect: "reads",
  route: {
    at: "GET /artifacts/:name/versions/:version/presign",
    id: "presignFile",
    tag: "uploads",
    summary: "Returns a URL that downloads a file directly from the store",
    description: "Anyone with the URL can read this file until it expires, in an hour at most, " +
      "also after the token is removed. Only buckets support it, and only for files with their " +
      "own object: larger than 256 KiB and not compressed.",
    scope: "read",
  },
};

/** A URL to download a file. */
export interface DirectDownload {
  /** Its bearer can read this one file. */
  url: string;
  expiresAt: Date;
  /** Compare its SHA-256 with the download: nothing else verifies it. */
  file: FileInfo;
}

/** Options of {@linkcode presignUpload}: the bytes that its URL takes, and no others. */
export interface DirectUploadOptions extends SignalOptions {
  /** Number of bytes, at least 1. Stores of S3 take at most 5 GiB in one request. */
  size: number;
  /**
   * An upload that has begun with `pieceBytes` in its metadata, of which these bytes are a piece.
   *
   * @default a new one, of `size` bytes
   */
  upload?: string;
  /** First byte of the piece in its upload, a multiple of its `pieceBytes`. @default 0 */
  offset?: number;
  /** Their SHA-256, in hexadecimal. */
  sha256: string;
  /** Their CRC-32C, four bytes in base64, for stores that compare no SHA-256. @default none */
  crc32c?: string;
  /** Owner, as given by the program that calls. A service sets it. @default none */
  owner?: string;
  /** Lifetime of the URL, milliseconds. A transfer that has begun may last longer. @default 300000 */
  expiresInMs?: number;
}

export const PRESIGN_UPLOAD: RequestRowOf<DirectUploadOptions> = {
  action: "presign an upload",
  takes: [],
  options: {
    size: { sent: "count", doc: "Number of bytes" },
    upload: { sent: "text", doc: "An upload that has begun: the bytes are a piece of it" },
    offset: { sent: "count", doc: "First byte of the piece in its upload. Default: 0" },
    sha256: { sent: "text", doc: "Their SHA-256" },
    crc32c: { sent: "text", doc: "Their CRC-32C in base64, for Google Cloud Storage" },
    owner: {},
    expiresInMs: {},
    ...SIGNAL,
  },
  effect: "writes",
  route: {
    at: "POST /contents/presign",
    id: "presignContent",
    tag: "uploads",
    summary: "Returns a URL by which the bytes of a later save go directly to the store",
    description: "Send them by PUT with `headers`, without a token, then save with the id of the " +
      "`upload`. The store takes these bytes only. The URL is a secret, and expires after five " +
      "minutes. Only buckets of services that answer with their URLs (`redirect`) support it.",
    scope: "save",
  },
};

/** An upload, and the request that sends its bytes to the store. */
export interface DirectUpload {
  /** The id of the upload. */
  upload: string;
  /** Send the bytes to it by `PUT`. A secret until it expires. */
  url: string;
  /** Headers of the request. */
  headers: Record<string, string>;
  expiresAt: Date;
}
