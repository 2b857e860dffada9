// The contract of a registry and the options of its methods.
import type { Annotations, Artifact, ArtifactInfo } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import type { WrittenLinks } from "./registry/left_out.ts";
import type { RegistryError } from "./errors.ts";
import type { DefinedArtifact, Materializer, Materializers } from "./materializer.ts";
import type { DownloadResult } from "./registry/downloading.ts";
import type { Draft } from "./registry/draft.ts";
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
export type * from "./registry/saving.ts";

/**
 * An open registry, which holds no locks and no timers: on a store ({@linkcode StoredRegistry}), at
 * a service, or your own. Test your own with `testRegistry` of `./testing/registry`.
 */
export interface Registry extends AsyncDisposable, AsyncIterable<string> {
  /** A URL or path without secrets. */
  readonly location: string;
  /** The commit of its settings. */
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  /** The store, if it is open in this program. Without it, maintenance is `Unsupported`. */
  readonly backend?: Backend;
  readonly materializers: Materializers;
  /** Operations of the service behind this registry. */
  readonly service?: RegistryService;

  /** Saves a value as a new version. `defineArtifact` provides its type and materializer. */
  save<S = unknown>(
    // deno-lint-ignore no-explicit-any -- the loaded type does not matter here
    artifact: string | DefinedArtifact<any, S>,
    value: NoInfer<S>,
    options?: SaveOptions,
  ): Promise<SavedArtifact>;
  /**
   * Loads a value by the recorded materializer or `as`, and checks it by `schema`, which also
   * determine its type. Throws `NotFound` if there is no such version.
   *
   * @typeParam _ prevents `load<T>(ref)`, a type that nothing checks
   */
  load<_ extends NoTypeOfLoad, T = unknown, S extends StandardSchema | undefined = undefined>(
    // deno-lint-ignore no-explicit-any -- the saved type does not matter here
    ref: string | DefinedArtifact<T, any>,
    // deno-lint-ignore no-explicit-any -- the same
    options?: LoadOptions & { as?: Materializer<T, any>; schema?: S },
  ): Promise<NoInfer<S extends StandardSchema ? InferOutput<S> : T>>;
  /** Loads a value, or undefined if there is no such version. */
  get(ref: string, options?: SignalOptions): Promise<unknown>;
  /** Opens a version without materializing it. */
  open(ref: string, options?: ReadOptions): Promise<Artifact>;
  download(ref: string, options: DownloadOptions): Promise<DownloadResult>;
  info(ref: string, options?: InfoOptions): Promise<ArtifactInfo>;
  has(ref: string, options?: RefOptions): Promise<boolean>;
  /** Deletes a version, or with `allVersions` all of a bare name; false if there was none. */
  delete(ref: string, options?: DeleteOptions): Promise<boolean>;
  /** Lists names that have a version, in the order of their encoding. */
  names(options?: NamesOptions): AsyncIterable<string>;
  /** Lists versions, newest first. Unreadable ones are listed too, with an `error` if `details`. */
  versions(name: string, options?: VersionsOptions): AsyncIterable<VersionEntry>;

  /** Points an alias to a version. */
  setAlias(name: string, alias: string, version: string, options?: SetAliasOptions): Promise<void>;
  deleteAlias(name: string, alias: string, options?: SetAliasOptions): Promise<boolean>;
  /** Lists the aliases of a name and the version of each. A name without aliases has an empty list. */
  aliases(name: string, options?: SignalOptions): AsyncIterable<AliasEntry>;
  /** Lists the changes of an alias, newest first. Throws `NotFound` if it never existed. */
  history(name: string, alias: string, options?: HistoryOptions): AsyncIterable<AliasChange>;

  /** Saves the files and metadata of a version under another ref, without materializing them. */
  copy(ref: string, to: string, options?: CopyOptions): Promise<SavedArtifact>;
  /**
   * Opens a draft: a version that many workers write and one of them commits. Its id is unique among
   * the drafts of the name: workers with the same id share the draft.
   */
  openDraft(name: string, options: { id: string }): Promise<Draft>;
  /** Yields the latest version and its changes until an abort. May skip versions. */
  watch(name: string, options?: WatchOptions): AsyncIterable<WatchEvent>;

  /** Closes the registry and its backend, as `await using` does at the end of its block. */
  close(): Promise<void>;
}

/** The compiler's message for `load<T>(ref)`. */
export type NoTypeOfLoad =
  "load() takes no type: pass { schema }, { as: materializer }, or an artifact of defineArtifact()";

/** A registry on a store that is open in this program: a folder, a bucket, or memory. */
export interface StoredRegistry extends Registry {
  /** The store. It refuses writes while the registry is not there. */
  readonly backend: Backend;
  /** Empties the cache of this registry, including entries of other registries. */
  clearCache(options?: SignalOptions): Promise<ClearCacheReport>;
}

/** A registry behind a service, which has no store in this program. */
export interface ServiceRegistry extends Registry {
  readonly backend?: never;
  readonly service: RegistryService;
  /** Removes nothing: a client of a service caches nothing. */
  clearCache(options?: SignalOptions): Promise<ClearCacheReport>;
}

/** The removed content of a cache. */
export interface ClearCacheReport {
  files: number;
  bytes: number;
}

/**
 * Verification of loaded bytes, and trust in the cache:
 *
 * - `none`: no verification.
 * - `integrity`: by SHA-256. An exact version of an immutable registry may come from the cache
 *   without asking the store, for up to a week after it was deleted elsewhere.
 * - `full`: like `integrity`, and the store is always asked for the current version.
 */
export type Verify = "none" | "integrity" | "full";

/** Options of the cache. */
export interface CacheOptions {
  /**
   * A folder that is new, or yours alone. @default `$HOLDFAST_CACHE`, else `holdfast` in
   * `$XDG_CACHE_HOME` or `~/.cache`
   */
  path?: string | URL;
  /** A store instead of a folder. It stays open when the registry is closed. */
  backend?: Backend;
  /**
   * Maximum size, bytes; on a disk in blocks of 4 KiB, as files take. The least recently used
   * entries are evicted. @default 10737418240 (10 GiB)
   */
  maxBytes?: number;
}

/** The part of `console` that a registry uses. */
export type Logger = Pick<Console, "debug" | "info" | "warn" | "error">;

/** Options of opening a registry. */
export interface OpenOptions extends SignalOptions {
  /** Names have versions. Fixed at creation. @default true */
  versioned?: boolean;
  /** Versions can be overwritten. Fixed at creation. @default false */
  mutable?: boolean;
  /** Time that replaced data stays readable, ms, at least an hour. @default 86400000 (24 h) */
  graceMs?: number;
  /**
   * Lower limit of `graceMs`, milliseconds, at least an hour. Fixed at creation. A write that
   * pauses for more than a quarter of it fails; a machine whose clock is off by that much collects
   * no garbage.
   *
   * @default 3600000 (an hour)
   */
  leastGraceMs?: number;
  /** Creates a missing registry, else throws `NotFound`. @default true if a location is given */
  create?: boolean;
  /** Refuses all writes. @default false */
  readOnly?: boolean;
  /** Time that an unanswered commit is repeated, milliseconds. @default 120000 */
  retryForMs?: number;
  /** @default a set of the materializers of `./materializers` */
  materializers?: Materializers;
  /** @default "integrity" */
  verify?: Verify;
  /**
   * Memory limit of one load, bytes, at least 1 MiB. Streams and downloads have none. @default 2
   * GiB
   */
  maxLoadBytes?: number;
  /** Caches loaded files; registries can share a cache. @default true for remote stores */
  cache?: boolean | CacheOptions;
  /** Receives an event after each commit, in order. Its failures are logged and ignored. */
  events?: EventPublisher<RegistryTopics>;
  /** Clock, randomness, ids and environment. @default the real ones */
  system?: System;
  /** Receives every retry and read-back. @default silent */
  logger?: Logger;
}

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

/** Options of loading. */
export interface LoadOptions extends ReadOptions {
  /** Materializer. @default the registered one with the recorded id */
  as?: Materializer;
  /** A Standard Schema (standardschema.dev). Its output is returned. */
  schema?: StandardSchema;
  onProgress?: (progress: TransferProgress) => void;
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

/** Options of deleting. */
export interface DeleteOptions extends SignalOptions {
  version?: string;
  /**
   * Deletes every version of a bare name. Required, unless the registry has no versions. @default
   * false
   */
  allVersions?: boolean;
  /** Deletes a version even if an alias or a release names it. @default false: `Conflict` */
  force?: boolean;
  /** Deletes only this commit, else throws `Conflict`. */
  ifCommit?: string;
  /** Checks and returns the same without deleting. @default false */
  dryRun?: boolean;
}

/** Options of listing versions. */
export interface VersionsOptions extends SignalOptions {
  /** Only versions in this range. A prerelease matches a range that names the same numbers. */
  range?: string;
  /** Only versions older than this one, even if it is deleted. */
  after?: string;
  /** Reads the info of each version, with notes and labels. @default false */
  details?: boolean;
  /** Adds the notes and labels of each, without its info. @default false */
  annotations?: boolean;
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
  /** With `details`: `Corrupt`, or `Unsupported` for a version of a newer release. */
  error?: RegistryError;
}

/** Options of setting and deleting an alias. */
export interface SetAliasOptions extends SignalOptions {
  /** The current version of the alias, or null for none; otherwise `Conflict`. */
  expected?: string | null;
}

/** Options of {@linkcode Registry.history}. */
export interface HistoryOptions extends SignalOptions {
  /** Only changes older than the one with this `generation`. */
  after?: number;
  /** @default all */
  limit?: number;
}

/** An alias of a name. */
export interface AliasEntry {
  alias: string;
  /** The version that it points to, in full without build metadata. */
  version: string;
}

/** A change of an alias. */
export interface AliasChange {
  /** The new version, in full without build metadata; absent if the alias was deleted. */
  version?: string;
  /** Id of the operation, a UUIDv7. */
  commit: string;
  /** Number of the change, from 1. */
  generation: number;
  /** Time of the change by the store's clock; on a restored disk, the time of the restore. */
  changedAt: Date;
  /** Time of the change by the clock of the machine that made it. */
  createdAt: Date;
}

/** Options of copying. */
export interface CopyOptions extends SignalOptions {
  /** If the version exists. @default "fail" */
  onConflict?: OnConflict;
  onProgress?: (progress: TransferProgress) => void;
}

/** Patterns that select files. */
export interface FilePatterns {
  /** Only files that match one of these. @default all */
  include?: string | readonly string[];
  /** No files that match these. The last match counts; `!` includes files again. */
  exclude?: string | readonly string[];
}
