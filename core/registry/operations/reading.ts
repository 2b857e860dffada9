// Reads of one version: options and rows of their operations.
import type { Materializer } from "../../materializer.ts";
import type { WrittenLinks } from "../left_out.ts";
import type { SignalOptions, TransferProgress } from "./saving.ts";
import type { StandardSchema } from "../../standard_schema.ts";
import { type OptionRows, type RowOf, SIGNAL } from "./row.ts";

/**
 * Verification of loaded bytes, and trust in the cache:
 *
 * - `none`: no verification.
 * - `integrity`: by SHA-256. An exact version of an immutable registry may come from the cache
 *   without asking the store, for up to a week after it was deleted elsewhere.
 * - `full`: like `integrity`, and the store is always asked for the current version.
 */
export type Verify = "none" | "integrity" | "full";

/** All values of {@linkcode Verify}. */
export const VERIFY: readonly ["none", "integrity", "full"] = ["none", "integrity", "full"];

/** Options that select a version. */
export interface RefOptions extends SignalOptions {
  /** The version, range or alias of a bare name. @default latest */
  version?: string;
  /**
   * Resolves the ref as of this moment, by the `createdAt` of versions and aliases. Versions that
   * were deleted or overwritten since are `NotFound`. Services do not report deleted versions.
   *
   * @default now
   */
  asOf?: Date;
}

/** Options of {@linkcode Registry.info}. */
export interface InfoOptions extends RefOptions {
  /** Includes notes and labels, by one more request. @default false */
  annotations?: boolean;
}

/** Options of reading. */
export interface ReadOptions extends RefOptions {
  /** @default the option of the registry */
  verify?: Verify;
}

/** Options of `openFile`. */
export interface OpenFileOptions extends ReadOptions {
  /** The file. */
  path: string;
}

/** Options of `listFiles`. */
export interface ListFilesOptions extends RefOptions {
  /** Lists only paths that begin with this. @default all */
  prefix?: string;
  /** Lists only paths after this one. @default all */
  after?: string;
}

/** Options of loading. */
export interface LoadOptions extends ReadOptions {
  /** Materializer. @default the registered one with the recorded id */
  as?: Materializer;
  /** A Standard Schema (standardschema.dev). Its output is returned. */
  schema?: StandardSchema;
  onProgress?: (progress: TransferProgress) => void;
}

/** Patterns that select files. */
export interface FilePatterns {
  /** Only files that match one of these. @default all */
  include?: string | readonly string[];
  /** No files that match these. The last match counts; `!` includes files again. */
  exclude?: string | readonly string[];
}

/** Options of downloading. */
export interface DownloadOptions extends ReadOptions, FilePatterns {
  /** Destination. A file is written into a folder that exists or a path that ends with `/`. */
  to: string;
  /**
   * Replaces different files, else they are `AlreadyExists`. Equal files always stay. @default
   * false
   */
  overwrite?: boolean;
  /**
   * Removes other files from the folder, except `.git`, registries and targets of links. @default
   * false
   */
  delete?: boolean;
  /** Reports changes without writing. @default false */
  dryRun?: boolean;
  /**
   * Symbolic links to write; others are in `leftOut`. Files are never written through links.
   * @default "safe"
   */
  links?: WrittenLinks;
  /** Receives the bytes that were written or found unchanged. */
  onProgress?: (progress: TransferProgress) => void;
}

const REF: OptionRows<RefOptions> = { version: {}, asOf: {}, ...SIGNAL };
const READ: OptionRows<ReadOptions> = { ...REF, verify: { among: VERIFY } };

export const OPEN_PAGES: OptionRows<ReadOptions> = READ;
export const OPEN_FILE: OptionRows<OpenFileOptions> = { ...READ, path: {} };
export const LIST_FILES: OptionRows<ListFilesOptions> = { ...REF, prefix: {}, after: {} };

/** The rows of reads. */
export interface ReadingRows {
  load: RowOf<LoadOptions>;
  get: RowOf<SignalOptions>;
  open: RowOf<ReadOptions>;
  download: RowOf<DownloadOptions>;
  info: RowOf<InfoOptions>;
  has: RowOf<RefOptions>;
}

export const READING: ReadingRows = {
  load: {
    action: "load",
    takes: ["ref"],
    options: { ...READ, as: {}, schema: {}, onProgress: {} },
    effect: "reads",
  },
  get: { action: "load", takes: ["ref"], options: SIGNAL, effect: "reads" },
  open: {
    action: "open",
    takes: ["ref"],
    options: READ,
    effect: "reads",
    reports: "opened",
  },
  download: {
    action: "download",
    takes: ["ref"],
    options: {
      to: {},
      ...READ,
      overwrite: {},
      delete: {},
      dryRun: {},
      links: {},
      include: {},
      exclude: {},
      onProgress: {},
    },
    effect: "reads",
    reports: "moved",
  },
  info: {
    action: "look up",
    takes: ["ref"],
    options: { ...REF, annotations: {} },
    effect: "reads",
    reports: "seen",
  },
  has: { action: "look up", takes: ["ref"], options: REF, effect: "reads" },
};
