// Descriptions of storage drivers: everything that other modules need before they open a store.
import type { Backend, Layout, Locking } from "./backend.ts";
import type { Logger } from "./registry.ts";
import type { System } from "./system.ts";
import type { BackendPlace } from "./urls/store_place.ts";

/** A driver. Its description imports no npm package; its methods load the driver. */
export interface Driver {
  /** The `kind` of its backends. */
  readonly kind: string;
  /** URL schemes, in lower case. */
  readonly schemes: readonly string[];
  /**
   * True if its URLs have the form `scheme://bucket/prefix`. Only such URLs are checked for missing
   * slashes, and are inputs and outputs of pipelines.
   */
  readonly buckets: boolean;
  /** Query parameters of its URLs. */
  readonly parameters: readonly string[];
  /** Prefixes of environment variables that the vendor's library reads. @default none */
  readonly variables?: readonly string[];
  /**
   * Variables by which other programs for this store find certificates; no runtime reads them.
   * @default none
   */
  readonly certificates?: readonly string[];
  readonly help: { urls: string; credentials?: string };
  open(place: BackendPlace, options: OpenStoreOptions): Backend | Promise<Backend>;
  /** Finds the credentials that opening a store would use. Absent if it needs none. */
  findCredentials?(place: BackendPlace, from: CredentialSources): Promise<FoundCredentials>;
  /** Returns the vendor whose token a request to this endpoint would reveal, e.g. `"Google"`. */
  tokenRevealedTo?(endpoint: URL): string | undefined;
}

/** Changes the stores of other drivers: `latency` those of `s3` in `latency+s3://bucket`. */
export interface Wrapper {
  /** Stands before the scheme of another driver, with a `+`. */
  readonly name: string;
  /** Query parameters of its own. */
  readonly parameters: readonly string[];
  readonly help: { urls: string };
  /** Returns a function that wraps a store. Throws `Invalid` for invalid parameters. */
  wrap(
    parameters: BackendPlace["parameters"],
    options: Pick<OpenStoreOptions, "system" | "logger">,
  ): (inner: Backend) => Backend;
}

/** Options of every driver; a driver ignores those that it does not have. */
export interface OpenStoreOptions {
  credentials?: unknown;
  createBucket?: boolean;
  locking?: Locking;
  layout?: Layout;
  retryForMs?: number;
  logger?: Logger;
  system?: System;
}

export interface CredentialSources {
  /** The folder of credential files. */
  cwd: string;
  system: System;
}

/** @internal */
export interface FoundCredentials {
  /** True if there are credentials, or none are needed. */
  found: boolean;
  /** A description of the place, without secrets. */
  where: string;
}

/** Near are stores in this process or on its disk; they are known to conform, too. Others are far. */
const PLACES: Readonly<Record<string, "near" | "worker">> = {
  memory: "near",
  local: "near",
  r2: "worker",
};

/** Returns how far away a store is: beside this process, beside its Worker, or far. */
export function placeOf({ kind }: Pick<Backend, "kind">): "near" | "worker" | "far" {
  return PLACES[kind] ?? "far";
}

/**
 * True for stores that are read as fast as content. A cache of them, many requests at once, or
 * cutting by content would save little, and the first save of a file would pay for the latter.
 */
export function isNear(backend: Pick<Backend, "kind">): boolean {
  return placeOf(backend) === "near";
}

/** Drivers whose `copy` takes objects of an `other` store. */
const COPYING: Readonly<Record<string, true>> = { s3: true, gcs: true };

/** True if a store may copy objects of another one: both are at one endpoint, which checks rights. */
export function copiesFrom(store: Backend, { kind, location }: Backend): boolean {
  const endpointOf = (url: string) => url.replace(/\/\/[^?]*/, "");
  return store.copy !== undefined && store.kind === kind && COPYING[kind] === true &&
    endpointOf(store.location) === endpointOf(location);
}

/** Other backends that are known to conform, so a new registry does not probe them. */
export const conforming: WeakSet<Backend> = new WeakSet();
