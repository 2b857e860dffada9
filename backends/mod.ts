/**
 * Any store by its URL. A driver is imported when its scheme is used: importing this downloads no package.
 *
 * A compiled program names the drivers that it uses: `deno compile --include backends/s3.ts --include backends/gcs.ts …`.
 * A bundle does not hold them: there create the backend yourself, by the function of its driver.
 *
 * @module
 */
import type { Backend, Layout, Locking } from "../core/backend.ts";
import { fault } from "../core/errors.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { createLookup, type Lookup } from "../core/lookup.ts";
import { shown } from "../core/naming/names.ts";
import type { Logger } from "../core/registry.ts";
import { isStoreUrl } from "../core/urls/store_url.ts";
import type { System } from "../core/system.ts";
import { type BackendPlace, parsePlace } from "../core/urls/store_place.ts";
import { DRIVERS } from "./drivers.ts";
import type { S3Configs } from "./s3_configs.ts";
import type { S3Credentials } from "./s3/credentials.ts";

export { isStoreUrl } from "../core/urls/store_url.ts";
export type * from "../core/backend.ts";
export { isPrefix } from "../core/backend.ts";
export type { Lookup } from "../core/lookup.ts";
export type { Logger, SignalOptions, TransferProgress } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export { checkStoreUrl } from "./drivers.ts";
export type { BackendPlace, S3Credentials };
export { createS3Configs } from "./s3_configs.ts";
export type * from "./s3_configs.ts";

/** Credentials of a store: keys of S3, the key of a Google service account, or an access token for it. */
export type StoreCredential =
  | S3Credentials
  | { client_email: string; private_key: string }
  | string;

/** Options of {@linkcode openBackend}. */
export interface OpenBackendOptions {
  /** Credentials, or a function that returns them, called whenever they are needed. @default as configured, see {@linkcode openBackend} */
  credentials?:
    | Exclude<StoreCredential, string>
    | (() => StoreCredential | Promise<StoreCredential>);
  /** How buckets of stores that speak S3 are reached. @default `createS3Configs()`: environment and env file */
  s3Configs?: S3Configs;
  /** Make the bucket where there is none. @default false */
  createBucket?: boolean;
  /** Of a folder: how creates are made exclusive. @default "link" */
  locking?: Locking;
  /** Of a folder: how keys are laid out. @default "folded" */
  layout?: Layout;
  /** The known schemes. @default `createBackends()` */
  backends?: Lookup<BackendOpener>;
  /** How long requests that can be repeated are, milliseconds. @default 30000; 3000 as long as nothing has answered at all */
  retryForMs?: number;
  /** Receives a message for each repeated request. @default none */
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
 * Opens the store that a URL names: `memory:`, a path or `file:` URL (also `disk:data`), `gs://bucket/prefix` (also `gcs:`), and `s3://bucket/prefix`
 * or the same with another provider: `minio r2 tos ks3 oss cos`. `?endpoint=…` may follow, for stores that speak S3
 * also `&region=…`, after `s3:` also `&provider=…`.
 *
 * Keys come from `credentials`, else as {@linkcode createS3Configs} finds them by provider and bucket, which may also
 * say endpoint and region; else for `s3:` and `gs:` as the vendor's SDK finds them.
 *
 * @throws {RegistryError} `Invalid` for an invalid URL or an unknown scheme; `NotFound` if a bucket has no configured
 * keys; `Unsupported` if the driver cannot be loaded
 *
 * @example
 * ```ts
 * import { openBackend } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * await using backend = await openBackend("memory:"); // or "s3://bucket/prefix?region=eu-central-1"
 * assertEquals(backend.kind, "memory");
 * ```
 */
export async function openBackend(
  url: string | URL,
  options: OpenBackendOptions = {},
): Promise<Backend> {
  options = checkOptions("open a store", options, OPTIONS);
  const { backends = createBackends() } = options;
  const place = readPlace(String(url));
  if (backends.has(place.scheme)) return await backends.get(place.scheme)(place, options);
  throw fault({
    code: "Invalid",
    action: "open a store by a URL of scheme",
    subject: shown(place.scheme),
    state: "there is no such scheme",
    hint: `There is ${
      backends.names().join(", ")
    }. For a folder of that name write "./${place.scheme}:…".`,
  });
}

/**
 * Creates the set of schemes that {@linkcode openBackend} knows. Register others with a function that opens their stores.
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
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1].toLowerCase() ?? "file";
  return { url: text, scheme, bucket: "", prefix: "", parameters: {} };
}
