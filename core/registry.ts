// The contract of a registry and the options of its methods.
import type { Artifact, ArtifactInfo } from "./artifact.ts";
import type { Backend } from "./backend.ts";
import type { DefinedArtifact, Materializer, Materializers } from "./materializer.ts";
import type {
  AliasChange,
  AliasEntry,
  HistoryOptions,
  RolledBackAlias,
  SetAliasOptions,
} from "./registry/operations/aliases.ts";
import type {
  CopyOptions,
  DeleteOptions,
  UndeleteOptions,
} from "./registry/operations/changing.ts";
import type { NamesOptions, VersionEntry, VersionsOptions } from "./registry/operations/listing.ts";
import type {
  DownloadOptions,
  InfoOptions,
  LoadOptions,
  ReadOptions,
  RefOptions,
  Verify,
} from "./registry/operations/reading.ts";
import type { RegistrySettings } from "./record.ts";
import type { DownloadResult } from "./registry/downloading.ts";
import type { Draft } from "./registry/draft.ts";
import type { EventPublisher, RegistryTopics } from "./registry/registry_events.ts";
import type { SavedArtifact, SaveOptions, SignalOptions } from "./registry/operations/saving.ts";
import type { RegistryService } from "./registry/service.ts";
import type { WatchEvent, WatchOptions } from "./registry/watching.ts";
import type { InferOutput, StandardSchema } from "./standard_schema.ts";
import type { System } from "./system.ts";

export type * from "./registry/downloading.ts";
export type * from "./registry/many.ts";
export type * from "./registry/map.ts";
export type * from "./registry/operations/aliases.ts";
export type * from "./registry/operations/changing.ts";
export type * from "./registry/operations/listing.ts";
export type * from "./registry/operations/reading.ts";
export type * from "./registry/operations/saving.ts";
export type * from "./registry/service.ts";
export type * from "./registry/watching.ts";

/**
 * An open registry, which holds no locks and no timers: on a store ({@linkcode StoredRegistry}), at
 * a service, or your own. Test your own with `testRegistry` of `./testing`.
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
  /**
   * Restores a deleted version under its own number, while its files are there: at least for the
   * grace period. Its metadata, files, times and digest are as before, and it has a new commit.
   * Aliases are not restored. Throws `AlreadyExists` if it is there, `NotFound` if it never was or
   * its files are gone.
   */
  undelete(ref: string, options?: UndeleteOptions): Promise<SavedArtifact>;
  /** Lists names that have a version, in the order of their encoding. */
  names(options?: NamesOptions): AsyncIterable<string>;
  /** Lists versions, newest first. Unreadable ones are listed too, with an `error` if `details`. */
  versions(name: string, options?: VersionsOptions): AsyncIterable<VersionEntry>;

  /** Points an alias to a version. */
  setAlias(name: string, alias: string, version: string, options?: SetAliasOptions): Promise<void>;
  deleteAlias(name: string, alias: string, options?: SetAliasOptions): Promise<boolean>;
  /**
   * Points an alias to the version before: the newest one in its history that is not the current
   * one. Throws `NotFound` if there is none or it was deleted, `Conflict` if the alias is changed
   * meanwhile.
   */
  rollbackAlias(name: string, alias: string, options?: SetAliasOptions): Promise<RolledBackAlias>;
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
  openDraft(name: string, options: { id: string } & SignalOptions): Promise<Draft>;
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

/** Registries that `openRegistry` returned. A wrapper may answer otherwise than the store behind it. */
export const openedHere: WeakSet<Registry> = new WeakSet();

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
  /**
   * Name of the author of changes: a person or program. A service stores the token of each request
   * instead; `changeAs` of `./server` names another. @default `$HOLDFAST_BY`, else changes have no
   * author
   */
  by?: string;
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
  /**
   * Number of threads that download or verify a large file of a bucket or a folder; 1 starts none.
   * @default the number of processors, at most 8; on Deno at least 2 for a bucket
   */
  threads?: number;
  /** Caches loaded files; registries can share a cache. @default true for remote stores */
  cache?: boolean | CacheOptions;
  /** Receives an event after each commit, in order. Its failures are logged and ignored. */
  events?: EventPublisher<RegistryTopics>;
  /** Clock, randomness, ids and environment. @default the real ones */
  system?: System;
  /** Receives every retry and read-back. @default silent */
  logger?: Logger;
}
