/**
 * The Google Cloud Storage backend: objects in a bucket, over the JSON API, with the sign-in of Google's own library.
 *
 * @module
 */
import { endQuietStart } from "./gcs/quiet_start.ts"; // before the library
import { Storage } from "npm:@google-cloud/storage@^7";
import type { Backend } from "../core/backend.ts";
import { fault } from "../core/errors.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { checkCertificates, createConnections } from "./bucket/connections.ts";
import { deleteEach } from "./bucket/delete_each.ts";
import { descriptorOf } from "./bucket/descriptor.ts";
import { BucketApi, type GcsBucketOptions } from "./gcs/bucket.ts";
import { copyObject, deleteObject } from "./gcs/change.ts";
import { listObjects } from "./gcs/list.ts";
import { createPlace } from "./gcs/place.ts";
import { presignObject } from "./gcs/presign.ts";
import { type GcsPutOptions, putObject } from "./gcs/put.ts";
import { getObject, headObject } from "./gcs/read.ts";
import { SignIn } from "./gcs/sign_in.ts";
import type {
  GcsClient,
  GcsCredential,
  GcsCredentials,
  GcsServiceAccountKey,
} from "./gcs/sign_in.ts";
import type { GcsAuth, GcsSignedUrlOptions, GcsUrlSigner } from "./gcs/sign_in.ts";

export type { GcsAuth, GcsBucketOptions, GcsClient, GcsCredential, GcsCredentials, GcsPutOptions };
export type { GcsServiceAccountKey, GcsSignedUrlOptions, GcsUrlSigner };

endQuietStart();

/** Options of {@linkcode createGcsBackend}. */
export interface GcsBackendOptions {
  bucket: string;
  /** A folder in it: all keys lie below. @default "" */
  prefix?: string;
  /** The project that a new bucket belongs to. @default that of the credentials */
  projectId?: string;
  /**
   * Where the store is, if not at Google. What answers without TLS is taken for an emulator: it is sent no credentials
   * but those that a function gives.
   *
   * @default "https://storage.googleapis.com", or `STORAGE_EMULATOR_HOST`
   */
  endpoint?: string;
  /** The JSON file of a service account or another credential. */
  keyFilename?: string;
  /**
   * The key of a service account, or a function that gives one, or an access token: it is asked before the first
   * request, and once more when the store refuses what it gave.
   *
   * @default what the library finds: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, the machine's own account
   */
  credentials?: GcsCredentials;
  /** A client of `@google-cloud/storage` (a `Storage`) to sign in with; the options above are then its own. */
  storage?: GcsClient;
  /**
   * Certificates (PEM) of authorities that are trusted besides those of the runtime, which `NODE_EXTRA_CA_CERTS`, and on
   * Deno `DENO_CERT` and `DENO_TLS_CA_STORE`, add to. Signing in at Google uses those of the runtime only.
   */
  ca?: string | readonly string[];
  /** Whether to make the bucket where it is missing, and what it is like. @default false */
  createBucket?: boolean | GcsBucketOptions;
  /** What every object is given: encryption, storage class and the like. @default {} */
  putOptions?: GcsPutOptions;
  /** How long a request may make no progress, milliseconds. @default 60000 */
  requestTimeoutMs?: number;
  /**
   * How long a call that may be repeated is repeated, milliseconds.
   *
   * @default 30000; 3000 as long as nothing has answered at all
   */
  retryForMs?: number;
  /**
   * Bytes of one request: larger objects are read and written in parts. A multiple of 256 KiB.
   *
   * @default 8 MiB
   */
  partBytes?: number;
  /** How many parts of an object are read at once, beside the one that is being taken. @default 3 */
  parallel?: number;
  system?: System;
  /** Hears of every attempt that is repeated. @default silent */
  logger?: Pick<Console, "debug">;
}

const OPTIONS: OptionNames<GcsBackendOptions> = {
  bucket: true,
  prefix: true,
  projectId: true,
  endpoint: true,
  keyFilename: true,
  credentials: true,
  storage: true,
  ca: true,
  createBucket: true,
  putOptions: true,
  requestTimeoutMs: true,
  retryForMs: true,
  partBytes: true,
  parallel: true,
  system: true,
  logger: true,
};

const PART_UNIT = 256 * 1024;
/** The store takes a delete at a time, and as many at once as come. */
const DELETES_AT_ONCE = 32;

/**
 * Creates a store in a bucket. Nothing is asked before the first call.
 *
 * @example
 * ```ts ignore
 * import { createGcsBackend } from "@holdfast/holdfast/backends/gcs";
 * import { openRegistry } from "@holdfast/holdfast";
 *
 * await using registry = await openRegistry(createGcsBackend({ bucket: "models", prefix: "team-a" }));
 * ```
 */
export function createGcsBackend(options: GcsBackendOptions): Backend {
  options = checkOptions("create a store in a bucket", options, OPTIONS, ["bucket"]);
  const {
    prefix = "",
    createBucket = false,
    putOptions = {},
    requestTimeoutMs = 60_000,
    retryForMs,
    partBytes = 8 * 2 ** 20,
    parallel = 3,
    system = realSystem,
    logger,
  } = options;
  checkNumbers({ requestTimeoutMs, partBytes, parallel });
  checkCertificates(options.ca);
  const { projectId, keyFilename, endpoint: apiEndpoint } = options;
  const signIn = new SignIn({
    ...options,
    newClient: (credentials) => new Storage({ projectId, keyFilename, credentials, apiEndpoint }),
    timeoutMs: requestTimeoutMs,
  });
  const place = createPlace({ bucket: options.bucket, prefix, endpoint: signIn.customEndpoint });
  const connections = createConnections({ ca: options.ca, system });
  const api = new BucketApi({
    ...{ place, signIn, system, connections, requestTimeoutMs, retryForMs, logger },
    create: createBucket,
  });

  return checkRemovals<Backend>({
    kind: "gcs",
    location: place.location,
    reopen: descriptorOf(import.meta.url, "createGcsBackend", options),

    async head(key, options = {}) {
      return await headObject({ api, key }, options);
    },

    async get(key, options = {}) {
      return await getObject(api, key, { ...options, partBytes, parallel });
    },

    async put(key, body, options = {}) {
      return await putObject(api, key, { ...options, body, partBytes, putOptions });
    },

    async delete(key, options = {}) {
      await deleteObject(api, key, options);
    },

    list(prefix, options = {}) {
      return listObjects(api, prefix, options);
    },

    async deleteMany(keys, { signal } = {}) {
      return await deleteEach(keys, (key) => deleteObject(api, key, { signal }), {
        concurrency: DELETES_AT_ONCE,
        signal,
      });
    },

    async presign(key, options) {
      return await presignObject({ api, signIn }, key, options);
    },

    async copy(from, to, options = {}) {
      return await copyObject({ api, putOptions }, { from, to }, options);
    },

    [Symbol.asyncDispose]() {
      connections.close();
      return Promise.resolve();
    },
  });
}

function checkNumbers(
  numbers: { requestTimeoutMs: number; partBytes: number; parallel: number },
): void {
  for (const [name, value] of Object.entries(numbers)) {
    const unit = name === "partBytes" ? PART_UNIT : 1;
    if (Number.isSafeInteger(value) && value > 0 && value % unit === 0) continue;
    throw fault({
      code: "Invalid",
      action: "open a bucket",
      state: `${name} is ${value}`,
      hint: unit === 1 ? "It is a whole number above 0." : `It is a multiple of ${unit}.`,
    });
  }
}
