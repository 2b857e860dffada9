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
