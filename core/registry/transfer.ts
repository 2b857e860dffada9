// Transfers between the store and other programs, or browsers.
import type { FileInfo } from "../record.ts";
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

/** A URL to download a file. */
export interface DirectDownload {
  /** Its bearer can read this one file. */
  url: string;
  expiresAt: Date;
  /** Compare its SHA-256 with the download: nothing else verifies it. */
  file: FileInfo;
}
