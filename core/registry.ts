// The contract of a registry and the options of its verbs.
import type { Artifact, ArtifactInfo } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import type { WrittenLinks } from "./registry/left_out.ts";
import type { RegistryError } from "./errors.ts";
import type { DefinedArtifact, Materializer, Materializers } from "./materializer.ts";
import type { DownloadResult } from "./registry/downloading.ts";
import type { Draft, OpenDraftOptions } from "./registry/draft.ts";
import type { RegistryService } from "./registry/service.ts";
import type { RegistrySettings } from "./record.ts";
import type {
  NamesOptions,
  OnConflict,
  SavedArtifact,
  SaveOptions,
  SignalOptions,
  TransferProgress,
} from "./registry/saving.ts";
import type { WatchEvent, WatchOptions } from "./registry/watching.ts";
import type { EventPublisher } from "./event_bus.ts";
import type { RegistryTopics } from "./registry/registry_events.ts";
import type { InferOutput, StandardSchema } from "./standard_schema.ts";
import type { System } from "./system.ts";

export type { DownloadChange, DownloadedFiles, DownloadResult } from "./registry/downloading.ts";
export type { WatchEvent, WatchOptions } from "./registry/watching.ts";
export type {
  BatchOutcome,
  BatchResult,
  ManyOptions,
  ManyProgress,
  SaveEntry,
} from "./registry/many.ts";
export type { ClearOptions, RegistryMap } from "./registry/map.ts";
export type { RegistryService } from "./registry/service.ts";
export type {
  NamesOptions,
  OnConflict,
  SavedArtifact,
  SaveOptions,
  SignalOptions,
  TransferProgress,
} from "./registry/saving.ts";

/**
 * A registry that is open: on a store that `openRegistry` opened ({@linkcode StoredRegistry}), at a service, or one of
 * your own, which `testRegistry` of `./testing/registry` tries. It holds no locks and no timers; several may be open on
 * one store.
 */
export interface Registry extends AsyncDisposable, AsyncIterable<string> {
  /** Where it is, without secrets. */
  readonly location: string;
  /** The id of this registry: the commit of its settings. */
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  /**
   * The store, where this program has it open. A registry without one is not maintained from here: what works on the
   * store itself, such as `collectGarbage`, is `Unsupported`.
   */
  readonly backend?: Backend;
  readonly materializers: Materializers;
  /** Operations of the service that this registry is behind. */
  readonly service?: RegistryService;

  /**
   * Saves a value as a new version, and returns what was saved. Under a name the first materializer that takes the value
   * writes it; what `defineArtifact` gave says which one, and of which type values are.
   */
  save<S = unknown>(
    // deno-lint-ignore no-explicit-any -- what it loads does not matter here
    artifact: string | DefinedArtifact<any, S>,
    value: NoInfer<S>,
    options?: SaveOptions,
  ): Promise<SavedArtifact>;
  /**
   * Loads a value: by the materializer that its record names, or by `as`, and checked by `schema`. Its type is what
   * `schema`, `as` or the artifact of `defineArtifact` say, else `unknown`. `NotFound` where there is none.
   *
   * @typeParam _ takes nothing: a type alone would only be claimed, and nothing would check it
   */
  load<_ extends NoTypeOfLoad, T = unknown, S extends StandardSchema | undefined = undefined>(
    // deno-lint-ignore no-explicit-any -- what it saves does not matter here
    ref: string | DefinedArtifact<T, any>,
    // deno-lint-ignore no-explicit-any -- the same
    options?: LoadOptions & { as?: Materializer<T, any>; schema?: S },
  ): Promise<NoInfer<S extends StandardSchema ? InferOutput<S> : T>>;
  /** Loads a value; undefined where there is no such version. A `NotFound` of the materializer is thrown. */
  get(ref: string, options?: SignalOptions): Promise<unknown>;
  /** Opens a version without materializing it. */
  open(ref: string, options?: ReadOptions): Promise<Artifact>;
  download(ref: string, options: DownloadOptions): Promise<DownloadResult>;
  info(ref: string, options?: RefOptions): Promise<ArtifactInfo>;
  has(ref: string, options?: RefOptions): Promise<boolean>;
  /** Deletes a version, or with `allVersions` every version of a bare name; true if there was something. */
  delete(ref: string, options?: DeleteOptions): Promise<boolean>;
  /** Names that have a version, in the order of their encoding. */
  names(options?: NamesOptions): AsyncIterable<string>;
  /** Versions of a name, newest first. One that cannot be read is listed too: with `details` its entry has an `error`. */
  versions(name: string, options?: VersionsOptions): AsyncIterable<VersionEntry>;

  /** Lets an alias name a version, whatever it named before. */
  setAlias(name: string, alias: string, version: string, options?: SetAliasOptions): Promise<void>;
  deleteAlias(name: string, alias: string, options?: SetAliasOptions): Promise<boolean>;
  /** The aliases of a name and the versions that they name. */
  aliases(name: string, options?: SignalOptions): Promise<Record<string, string>>;
  /** What an alias named, the newest first, and when it was removed. `NotFound` where there never was such an alias. */
  history(name: string, alias: string, options?: HistoryOptions): AsyncIterable<AliasChange>;

  /** Saves the files and metadata of a version under another ref, without materializing them. */
  copy(ref: string, to: string, options?: CopyOptions): Promise<SavedArtifact>;
  /** A version that many workers write together, and one of them commits. */
  openDraft(name: string, options: OpenDraftOptions): Promise<Draft>;
  /**
   * Says what the latest version is, and again whenever a look finds another one. Versions that came and were
   * followed by others between two looks are not announced: `versions()` lists them. Ends with the signal or the loop.
   */
  watch(name: string, options?: WatchOptions): AsyncIterable<WatchEvent>;
}

/** What the compiler says to `load<T>(ref)`. */
export type NoTypeOfLoad =
  "load() takes no type: give { schema } or { as: materializer }, which check it, or load what defineArtifact() gave";

/** A registry on a store that this program has open: what `openRegistry` gives. */
export interface StoredRegistry extends Registry {
  readonly backend: Backend;
  /**
   * Empties the cache that this registry uses, also of what other registries keep there; what is loaded next comes from
   * the store. Where there is no cache, nothing is done.
   */
  clearCache(options?: SignalOptions): Promise<ClearCacheReport>;
}

/** What was removed from a cache. */
export interface ClearCacheReport {
  files: number;
  bytes: number;
}

/**
 * How loaded bytes are checked, and what a cache is trusted with:
 *
 * - `none`: not at all; a cached file is taken as it is.
 * - `integrity`: against their SHA-256, wherever they come from. A version that is named exactly, of a registry whose
 *   versions are never overwritten, may come from the cache without asking the store: also for a week after it was
 *   deleted elsewhere.
 * - `full`: like `integrity`, and the store is always asked what counts.
 */
export type Verify = "none" | "integrity" | "full";

/** Where loaded files are cached, and how many. */
export interface CacheOptions {
  /** The folder: not there yet, or yours and written to by nobody else. @default `$HOLDFAST_CACHE`, else `holdfast` in `$XDG_CACHE_HOME` or `~/.cache` */
  path?: string | URL;
  /** The cache instead of a folder: any store, which stays open when the registry is closed. */
  backend?: Backend;
  /** What it may grow to, bytes; what was not used for longest is evicted. @default 10737418240 (10 GiB) */
  maxBytes?: number;
}

/** The part of `console` that a registry logs to. */
export type Logger = Pick<Console, "debug" | "info" | "warn" | "error">;

/** Options of opening a registry. */
export interface OpenOptions extends SignalOptions {
  /** Whether names have versions. Fixed at creation. @default true */
  versioned?: boolean;
  /** Whether versions may be overwritten. Fixed at creation. @default false */
  mutable?: boolean;
  /** How long replaced data stays readable, milliseconds, at least an hour. `changeSettings` changes it. @default 86400000 (24 h) */
  graceMs?: number;
  /**
   * What `graceMs` may be lowered to later, milliseconds, at least an hour. Fixed at creation. A write that stands still
   * for more than a quarter of it fails, and a machine whose clock is so far off the store's collects no garbage.
   *
   * @default 3600000 (an hour)
   */
  leastGraceMs?: number;
  /** Create the registry where there is none; else `NotFound`. @default true where a place is given, else false */
  create?: boolean;
  /** Refuse every write. @default false */
  readOnly?: boolean;
  /** How long an unanswered commit is repeated, milliseconds. @default 120000 */
  retryForMs?: number;
  /** What saves and loads values. @default a set of the materializers of `./materializers` */
  materializers?: Materializers;
  /** How loaded bytes are checked. @default "integrity" */
  verify?: Verify;
  /**
   * What one load may read into memory, bytes, at least 1 MiB: what is larger is `Invalid`, to be downloaded or read as a stream, which
   * no size bounds.
   *
   * @default 2147483648 (2 GiB)
   */
  maxLoadBytes?: number;
  /** Whether, and where, what is loaded is cached; registries may share a cache. @default true for remote stores */
  cache?: boolean | CacheOptions;
  /**
   * A bus that hears `registry.saved`, `registry.deleted` and `registry.aliased` after each commit of this handle, in
   * their order, as far as possible: a bus that fails, hangs or is slow neither fails nor delays anything, and a debug
   * line says what it did not get.
   */
  events?: EventPublisher<RegistryTopics>;
  /** Clock, randomness, ids and environment. @default the real ones */
  system?: System;
  /** Hears of every retry and read-back. @default silent */
  logger?: Logger;
}

/** Options of asking for a version. */
export interface RefOptions extends SignalOptions {
  /** The version, range or alias, beside a bare name. @default latest */
  version?: string;
  /**
   * What the ref meant at this moment, by when each version was saved and each alias was set (`createdAt`). What was
   * deleted or overwritten since is `NotFound`, and named, as far as the registry knows of it: a client of a service does
   * not know of what was deleted.
   *
   * @default now
   */
  asOf?: Date;
}

/** Options of reading. */
export interface ReadOptions extends RefOptions {
  /** How loaded bytes are checked. @default as the registry was opened */
  verify?: Verify;
}

/** Options of loading. */
export interface LoadOptions extends ReadOptions {
  /** What loads the value. @default the registered one with the recorded id */
  as?: Materializer;
  /** A Standard Schema (standardschema.dev) that the value must meet; its output is returned. */
  schema?: StandardSchema;
  onProgress?: (progress: TransferProgress) => void;
}

/** Options of downloading. */
export interface DownloadOptions extends ReadOptions, FilePatterns {
  /** The file or folder to write. A folder that exists, or a path that ends with `/`, receives a file inside. */
  to: string;
  /**
   * Replace files that differ. What is the same, by size and digest, is left in any case, and what is missing comes.
   *
   * @default false: they are `AlreadyExists`, and nothing is changed
   */
  overwrite?: boolean;
  /**
   * Remove what is in the folder and not of the version, also where it is in the way of what is. `.git`, registries,
   * and what a link leads to stay; so does all that lies beside a single file.
   *
   * @default false
   */
  delete?: boolean;
  /** Only say what would be done. @default false */
  dryRun?: boolean;
  /**
   * Which symbolic links are written: `safe`, those that stay inside the folder; `unsafe`, all of them, with whatever
   * target they have; `skip`, none. What is not written stands in `leftOut`. Files are never written through a link.
   *
   * @default "safe"
   */
  links?: WrittenLinks;
  /** Hears of bytes as they move, or are found to be there. */
  onProgress?: (progress: TransferProgress) => void;
}

/** Options of deleting. */
export interface DeleteOptions extends SignalOptions {
  version?: string;
  /**
   * Delete every version of a bare name.
   *
   * @default false: a bare name is `Invalid`, but in a registry without versions, where it has one value
   */
  allVersions?: boolean;
  /** Delete a version although an alias names it. @default false: `Conflict` */
  force?: boolean;
  /** Delete only this commit, else `Conflict`. */
  ifCommit?: string;
}

/** Options of listing versions. */
export interface VersionsOptions extends SignalOptions {
  /** Only versions in this range. A prerelease is in a range that names one of the same numbers. */
  range?: string;
  /** Read each version's info, or say why it cannot be read. @default false */
  details?: boolean;
  /** At most so many. @default all */
  limit?: number;
}

/** A version in a listing. */
export interface VersionEntry {
  name: string;
  /** The version, in full, without build metadata. */
  version: string;
  /** How often it was written, from 1. */
  generation: number;
  modifiedAt: Date;
  /** What is known of it, with `details`; absent beside an {@linkcode VersionEntry.error}. */
  info?: ArtifactInfo;
  /** With `details`, why it cannot be read: `Corrupt`, or `Unsupported` where a newer release wrote it. */
  error?: RegistryError;
}

/** Options of setting and removing an alias. */
export interface SetAliasOptions extends SignalOptions {
  /** The version that it must name now, or null for no alias, else `Conflict`. */
  expected?: string | null;
}

/** Options of telling what an alias named. */
export interface HistoryOptions extends SignalOptions {
  /** At most so many changes. @default all */
  limit?: number;
}

/** One change of an alias. */
export interface AliasChange {
  /** The version that it named from then on, in full, without build metadata; absent where it was removed. */
  version?: string;
  /** The operation that changed it, a UUIDv7. */
  commit: string;
  /** Which change it was, from 1. */
  generation: number;
  /** When the store received the change; on a disk that was restored from a copy, when that was. */
  changedAt: Date;
  /** When the change was made, by the clock of who made it. */
  createdAt: Date;
}

/** Options of copying. */
export interface CopyOptions extends SignalOptions {
  /** What happens when the version exists. @default "fail" */
  onConflict?: OnConflict;
  onProgress?: (progress: TransferProgress) => void;
}

/** Patterns that choose files. */
export interface FilePatterns {
  /** Only files that one of these matches. @default all */
  include?: string | readonly string[];
  /** No files that one of these matches; the last pattern that matches counts, and `!` before one brings back. */
  exclude?: string | readonly string[];
}
