/**
 * Opens stores by URL. Each driver is imported when its scheme is used, so that importing this
 * module downloads no package.
 *
 * Name the drivers when you compile a program:
 * `deno compile --include backends/s3.ts --include backends/gcs.ts …`. Bundles do not contain
 * drivers: import the driver and call its function.
 *
 * @module
 */
import type { Backend, Layout, Locking } from "../core/backend.ts";
import { invalid } from "../core/errors.ts";
import { didYouMean } from "../core/text/nearest.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { createLookup, type Lookup } from "../core/lookup.ts";
import { shown } from "../core/naming/names.ts";
import type { Logger } from "../core/registry.ts";
import { checkLocalPath, isAddress } from "../core/urls/local_path.ts";
import { isStoreUrl } from "../core/urls/store_url.ts";
import type { System } from "../core/system.ts";
import { type BackendPlace, parsePlace } from "../core/urls/store_place.ts";
import { checkUrlWords } from "./bucket/words.ts";
import { DRIVERS, isBucketScheme, unwrap } from "./drivers.ts";
import type { S3Configs } from "./s3_configs.ts";
import type { S3Credentials } from "./s3/credentials.ts";

export type * from "../core/backend.ts";
export { isPrefix } from "../core/backend.ts";
export { wrapBackend, wrapCalls } from "../core/work/wrap_backend.ts";
export type { AroundCall, BackendCall } from "../core/work/wrap_backend.ts";
export type { Lookup } from "../core/lookup.ts";
export type { Logger, SignalOptions, TransferProgress } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { BackendPlace, S3Credentials };
export type { LocalBackendOptions } from "./local.ts";
export { createS3Configs } from "./s3_configs.ts";
export type * from "./s3_configs.ts";

/** Credentials of a store: S3 keys, the key of a Google service account, or an access token. */
export type StoreCredential =
  | S3Credentials
  | { client_email: string; private_key: string }
  | string;

/** Options of {@linkcode openBackend}. */
export interface OpenBackendOptions {
  /**
   * Credentials, or a function that returns them.
   *
   * @default as {@linkcode openBackend} finds them
   */
  credentials?:
    | Exclude<StoreCredential, string>
    | (() => StoreCredential | Promise<StoreCredential>);
  /** Configurations of S3 buckets. @default `createS3Configs()`: environment and env file */
  s3Configs?: S3Configs;
  /** Create the bucket if it does not exist. @default false */
  createBucket?: boolean;
  /** Exclusive creates in a folder: by hard links or a file lock. @default "link" */
  locking?: Locking;
  /** Layout of the keys in a folder. @default "folded" */
  layout?: Layout;
  /** The known schemes. @default `createBackends()` */
  backends?: Lookup<BackendOpener>;
  /**
   * Milliseconds during which failed requests are retried.
   *
   * @default 30000; 3000 until the store has answered once
   */
  retryForMs?: number;
  /** Receives a message per retry. @default none */
  logger?: Logger;
  system?: System;
}

const OPTIONS: OptionNames<OpenBackendOptions> = {
  credentials: true,
  s3Configs: true,
  createBucket: true,
  locking: true,
  layout: true,
  backends: true,
  retryForMs: true,
  logger: true,
  system: true,
};

/** Opens the stores of one scheme. */
export type BackendOpener = (
  place: BackendPlace,
  options: OpenBackendOptions,
) => Backend | Promise<Backend>;

/**
 * Opens the store of a URL: `memory:`, a path or `file:` URL (also `disk:data`),
 * `gs://bucket/prefix` (also `gcs:`), and `s3://bucket/prefix` or another S3 provider: `minio r2
 * tos ks3 oss cos`. Parameters are `?endpoint=…`, for S3 providers also `&region=…`, for `s3:` also
 * `&provider=…`. `docs/stores.md` has all schemes and parameters, and wrappers of other stores, such
 * as `latency+s3:`.
 *
 * Credentials come from `credentials`, else from {@linkcode createS3Configs} by provider and bucket
 * (with endpoint and region), else for `s3:` and `gs:` from the vendor's SDK.
 *
 * @throws {RegistryError} `Invalid` for an invalid URL or an unknown scheme; `NotFound` if a bucket
 * has no configured credentials; `Unsupported` if the driver cannot be loaded
 *
 * @example
 * ```ts
 * import { openBackend } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * await using backend = await openBackend("memory:"); // or "s3://bucket/prefix"
 * assertEquals(backend.kind, "memory");
 * ```
 */
export async function openBackend(
  url: string | URL,
  options: OpenBackendOptions = {},
): Promise<Backend> {
  const text = String(url);
  const place = readPlace(text);
  const given = Object.entries(Object(options)).filter(([, value]) => value !== undefined);
  const unknown = given.map(([name]) => name).filter((name) => !Object.hasOwn(OPTIONS, name));
  if (isBucketScheme(place.scheme)) checkUrlWords(place, unknown);
  options = checkOptions("open store", options, OPTIONS);
  const isOfBucket = isBucketScheme(place.scheme) || isAddress(text);
  if (isOfBucket && !isStoreUrl(text)) checkLocalPath(text, "open a store at");
  return await openPlace(place, options);
}

async function openPlace(place: BackendPlace, options: OpenBackendOptions): Promise<Backend> {
  const { backends = createBackends() } = options;
  if (backends.has(place.scheme)) return await backends.get(place.scheme)(place, options);
  const outer = unwrap(place);
  if (outer !== undefined) {
    const wrap = outer.wrapper.wrap(place.parameters, options);
    return wrap(await openPlace(outer.inner, options));
  }
  throw invalid("open store", shown(`${place.scheme}:`), "unknown scheme", {
    hint: `${didYouMean(place.scheme, backends.names())}Use one of ${
      backends.names().join(", ")
    }, or "./${place.scheme}:…" for a folder.`,
  });
}

/**
 * Creates the schemes of {@linkcode openBackend}. Register your own with a function that opens a
 * store.
 */
export function createBackends(): Lookup<BackendOpener> {
  const backends = createLookup<BackendOpener>("backend");
  for (const driver of DRIVERS) {
    for (const scheme of driver.schemes) {
      backends.register(scheme, (place, options) => driver.open(place, options));
    }
  }
  return backends;
}

function readPlace(text: string): BackendPlace {
  if (isStoreUrl(text)) return parsePlace(text);
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase() ?? "file";
  return { url: text, scheme, bucket: "", prefix: "", parameters: {} };
}
