// Lists of names and versions, and watches of a name: options and rows of their operations.
import type { Author } from "../../naming/author.ts";
import type { Annotations, ArtifactInfo } from "../../artifact.ts";
import type { RegistryError } from "../../errors.ts";
import type { SignalOptions } from "./saving.ts";
import type { WatchOptions } from "../watching.ts";
import { type RequestRowOf, type RowOf, SIGNAL } from "./row.ts";

/** Options of listing names. */
export interface NamesOptions extends SignalOptions {
  prefix?: string;
  /** Only names after this one in the listing. */
  after?: string;
  /** @default all */
  limit?: number;
}

/** Options of listing versions. */
export interface VersionsOptions extends SignalOptions {
  /** Only versions in this range. A prerelease matches a range that names the same numbers. */
  range?: string;
  /** Only versions older than this one, even if it is deleted. */
  after?: string;
  /** Reads the info of each version, with notes and labels. @default false */
  details?: boolean;
  /** Leaves `files` of each info empty, so that no long list is read. @default false */
  withoutFiles?: boolean;
  /** Adds the notes and labels of each, without its info. @default false */
  annotations?: boolean;
  /** Lists instead the deleted versions that `undelete` can restore. @default false */
  deleted?: boolean;
  /** @default all */
  limit?: number;
}

/** A version in a listing. */
export interface VersionEntry {
  name: string;
  /** Full version without build metadata. */
  version: string;
  /** Number of writes, from 1. */
  generation: number;
  modifiedAt: Date;
  /** With `details`, unless there is an {@linkcode VersionEntry.error}. */
  info?: ArtifactInfo;
  /** With `annotations`, if there are any. */
  annotations?: Annotations;
  /** With `deleted`: its deletion. */
  deleted?: DeletedEntry;
  /** With `details`: `Corrupt`, or `Unsupported` for a version of a newer release. */
  error?: RegistryError;
}

/** The deletion of a version that can be restored. */
export interface DeletedEntry {
  at: Date;
  /** Its files stay at least until then, and on until the next garbage collection. */
  until: Date;
  /** The author of the deletion, if known. */
  by?: Author;
}

/** The rows of lists. */
export interface ListingRows {
  names: RequestRowOf<NamesOptions>;
  versions: RequestRowOf<VersionsOptions>;
  watch: RowOf<WatchOptions>;
}

export const LISTING: ListingRows = {
  names: {
    action: "list names",
    takes: [],
    options: {
      prefix: { sent: "text", orEmpty: true, doc: "Only names with this prefix" },
      after: {},
      limit: {},
      ...SIGNAL,
    },
    effect: "lists",
    route: {
      at: "GET /names",
      id: "listNames",
      tag: "artifacts",
      summary: "Lists names that have a version, in the order of their encoding",
      scope: "read",
    },
  },
  versions: {
    action: "list versions of",
    takes: ["name"],
    options: {
      range: {
        sent: "text",
        orEmpty: true,
        doc: "Only versions in this range, such as `^1.2`",
      },
      after: {},
      details: { sent: "flag", doc: "Include the `info` of each, or its `error` if unreadable" },
      withoutFiles: { sent: "flag", doc: "Leave `files` of each `info` empty" },
      annotations: {}, // clients ask for `details`
      deleted: { sent: "flag", doc: "List instead the deleted versions that can be restored" },
      limit: {},
      ...SIGNAL,
    },
    effect: "lists",
    route: {
      at: "GET /artifacts/:name/versions",
      id: "listVersions",
      tag: "artifacts",
      summary: "Lists the versions of a name, newest first; none for an unknown name",
      scope: "read",
    },
  },
  watch: {
    action: "watch",
    takes: ["name"],
    options: { intervalMs: {}, ...SIGNAL },
    effect: "lists",
  },
};
