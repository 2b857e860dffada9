// Descriptions of drivers of stores: all that other modules need to know of one before they open it.
import type { Backend, Layout, Locking } from "./backend.ts";
import type { Logger } from "./registry.ts";
import type { System } from "./system.ts";
import type { BackendPlace } from "./urls/store_place.ts";

/** One driver. Its description imports no npm package; its methods load the driver. */
export interface Driver {
  /** The `kind` of its backends. */
  readonly kind: string;
  /** Schemes of its URLs, in lower case. */
  readonly schemes: readonly string[];
  /** Whether its URLs name a bucket: `scheme://bucket/prefix`. */
  readonly buckets: boolean;
  /** Parameters of its URLs, behind `?`. */
  readonly parameters: readonly string[];
  /** Prefixes of the environment variables that its vendor's library reads. @default none */
  readonly variables?: readonly string[];
  /** Variables that name files of certificates for it. @default none */
  readonly certificates?: readonly string[];
  readonly help: {
    /** How its URLs are written. */
    urls: string;
    /** Where its credentials are looked for. */
    credentials?: string;
  };
  open(place: BackendPlace, options: OpenStoreOptions): Backend | Promise<Backend>;
  /** Finds the credentials that opening a store would use. Absent where it needs none. */
  findCredentials?(place: BackendPlace, from: CredentialSources): Promise<FoundCredentials>;
  /**
   * Returns whose token a request to this endpoint would reveal: `"Google"`. Undefined where it reveals none. An endpoint
   * that a file in the current folder names may be anybody's.
   */
  tokenRevealedTo?(endpoint: URL): string | undefined;
  /** Storages of plugins on its stores, by name. @default none */
  readonly storages?: Readonly<Record<string, StorageDescription>>;
}

/** Options that every driver is given; it takes those that it knows. */
export interface OpenStoreOptions {
  credentials?: unknown;
  createBucket?: boolean;
  locking?: Locking;
  layout?: Layout;
  retryForMs?: number;
  logger?: Logger;
  system?: System;
}

/** Where credentials are looked for. */
export interface CredentialSources {
  /** The folder of files with credentials. */
  cwd: string;
  system: System;
}

export interface FoundCredentials {
  /** Whether there are any, or none are needed. */
  found: boolean;
  /** Where they are, or where they were looked for, in words; never what they are. */
  where: string;
}

/** What a setting must be: a text, a flag, or what returns the problem of a value. */
export type StorageSetting = "text" | "flag" | ((value: unknown) => string | undefined);

/** A storage of plugins. */
export interface StorageDescription {
  readonly settings: Readonly<Record<string, StorageSetting>>;
  /** Settings that must be given. */
  readonly required: readonly string[];
  /** Settings that are shown nowhere. @default none */
  readonly secrets?: readonly string[];
  /** Other spellings of settings. @default none */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Environment variables that fill settings. @default none */
  readonly env?: Readonly<Record<string, string>>;
  // deno-lint-ignore no-explicit-any -- the settings were checked as described here
  open(settings: any, options: Pick<OpenStoreOptions, "system" | "logger">): Promise<Backend>;
}
