/**
 * The Google Cloud Storage backend. It uses the JSON API, with the credentials of Google's library.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import { endQuietStart } from "./gcs/quiet_start.ts"; // before the library
import { Storage } from "npm:@google-cloud/storage@^7";
import type { Backend } from "../core/backend.ts";
import { invalid } from "../core/errors.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { checkCertificates, createConnections } from "./bucket/connections.ts";
import { deleteEach } from "./bucket/delete_each.ts";
import { descriptorOf } from "./bucket/descriptor.ts";
import { readGcsWords } from "./bucket/read_words.ts";
import { BucketApi } from "./gcs/bucket.ts";
import { copyObject, deleteObject } from "./gcs/change.ts";
import { listObjects } from "./gcs/list.ts";
import { createPlace } from "./gcs/place.ts";
import { presignObject, presignPut } from "./gcs/presign.ts";
import { putObject } from "./gcs/put.ts";
import { getObject, headObject } from "./gcs/read.ts";
import { type GcsClient, type GcsCredentials, SignIn } from "./gcs/sign_in.ts";

export type { GcsClient, GcsCredentials };
export type { GcsAuth, GcsCredential, GcsServiceAccountKey } from "./gcs/sign_in.ts";

endQuietStart();

/** Options of {@linkcode createGcsBackend}. */
export interface GcsBackendOptions {
  bucket: string;
  /** A folder in the bucket for all keys. @default "" */
  prefix?: string;
  /** The project of a new bucket. @default that of the credentials */
  projectId?: string;
  /**
   * The base URL, or a host: `localhost:4443`. An `http:` endpoint is treated as an emulator: it receives no credentials except
   * those of a function.
   *
   * @default "https://storage.googleapis.com", or `STORAGE_EMULATOR_HOST`
   */
  endpoint?: string;
  /** Use https for an endpoint without a scheme. @default true, except on this machine */
  secure?: boolean;
  /** The JSON file of a service account or another credential. */
  keyFilename?: string;
  /** @deprecated Use `keyFilename`. */
  credentials_path?: string;
  /** @deprecated Use `projectId`. */
  project_id?: string;
  /**
   * The key of a service account, or a function that returns one or an access token. The function
   * is called before the first request, and again if the store rejects its result. `anonymous` for
   * requests without a token to a public bucket.
   *
   * @default found by the library: `GOOGLE_APPLICATION_CREDENTIALS`, the file of gcloud, the
   * account of the machine
   */
  credentials?: GcsCredentials | "anonymous";
  /** A `Storage` of `@google-cloud/storage` to sign in with. It replaces the options above. */
  storage?: GcsClient;
  /**
   * Certificates (PEM) of authorities to trust in addition to those of the runtime
   * (`NODE_EXTRA_CA_CERTS`; on Deno also `DENO_CERT` and `DENO_TLS_CA_STORE`). The sign-in at
   * Google uses only those of the runtime.
   */
  ca?: string | readonly string[];
  /**
   * Create the bucket if it does not exist, in a location: `EU`, `us-central1` … (default "US").
   *
   * @default false
   */
  createBucket?: boolean | { location?: string };
  /**
   * Milliseconds without progress until a request times out. An upload has up to 9 times as long:
   * the system may buffer up to 4 MiB of it without visible progress.
   *
   * @default 60000
   */
  requestTimeoutMs?: number;
  /**
   * Milliseconds during which failed requests are retried; for uploads, from the first failure.
   *
   * @default 30000; 3000 until the store has answered once
   */
  retryForMs?: number;
  /** Bytes per request for objects in parts, a multiple of 256 KiB. @default 8 MiB */
  partBytes?: number;
  /** Concurrent reads of parts, in addition to the consumed one. @default 3 */
  parallel?: number;
  system?: System;
  /** Receives a `debug` message per retry. @default silent */
  logger?: Pick<Console, "debug">;
}

const OPTIONS: OptionNames<Omit<GcsBackendOptions, "credentials_path" | "project_id">> = {
  bucket: true,
  prefix: true,
  projectId: true,
  endpoint: true,
  secure: true,
  keyFilename: true,
  credentials: true,
  storage: true,
  ca: true,
  createBucket: true,
  requestTimeoutMs: true,
  retryForMs: true,
  partBytes: true,
  parallel: true,
  system: true,
  logger: true,
};

const PART_UNIT = 256 * 1024;
/** The API deletes one object per request. */
const DELETES_AT_ONCE = 32;

/**
 * Creates a backend for a bucket. Sends nothing before the first call.
 *
 * @example
 * ```ts ignore
 * import { createGcsBackend } from "@holdfast/holdfast/backends/gcs";
 * import { openRegistry } from "@holdfast/holdfast";
 *
 * const backend = createGcsBackend({ bucket: "models", prefix: "team-a" });
 * await using registry = await openRegistry(backend);
 * ```
 */
export function createGcsBackend(options: GcsBackendOptions): Backend {
  options = checkOptions("open bucket", readGcsWords(options), OPTIONS, ["bucket"]);
  const {
    prefix = "",
    createBucket = false,
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
    place,
    signIn,
    system,
    connections,
    requestTimeoutMs,
    retryForMs,
    logger,
    create: createBucket,
  });

  return checkRemovals<Backend>({
    kind: "gcs",
    location: place.location,
    reopen: descriptorOf(import.meta.url, "createGcsBackend", options),

    head: async (key, options = {}) => await headObject({ api, key }, options),
    get: async (key, options = {}) =>
      await getObject(api, key, { ...options, partBytes, parallel }),
    put: async (key, body, options = {}) =>
      await putObject(api, key, { ...options, body, partBytes }),
    delete: async (key, options = {}) => await deleteObject(api, key, options),
    list: (prefix, options = {}) => listObjects(api, prefix, options),
    deleteMany: async (keys, { signal } = {}) =>
      await deleteEach(keys, (key) => deleteObject(api, key, { signal }), {
        concurrency: DELETES_AT_ONCE,
        signal,
      }),
    presign: async (key, options) => await presignObject({ api, signIn }, key, options),
    presignPut: async (key, options) => await presignPut({ api, signIn }, key, options),
    copy: async (from, to, options = {}) => await copyObject(api, { from, to }, options),
    [Symbol.asyncDispose]: () => Promise.resolve(connections.close()),
  });
}

function checkNumbers(numbers: Record<string, number>): void {
  for (const [name, value] of Object.entries(numbers)) {
    const unit = name === "partBytes" ? PART_UNIT : 1;
    if (Number.isSafeInteger(value) && value > 0 && value % unit === 0) continue;
    throw invalid("open bucket", undefined, `${name} is ${value}`, {
      hint: `Pass a positive ${unit === 1 ? "integer" : `multiple of ${unit}`}.`,
    });
  }
}

providePart("gcs.ts", { createGcsBackend });
