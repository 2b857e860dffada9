/**
 * The S3 backend, for Amazon S3 and compatible stores.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import * as sdk from "npm:@aws-sdk/client-s3@^3";
import type { Backend } from "../core/backend.ts";
import { unsupported } from "../core/errors.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { Logger } from "../core/registry.ts";
import { realSystem, silentLogger, type System, timerMs } from "../core/system.ts";
import { createConnections } from "./bucket/connections.ts";
import { readS3Words } from "./bucket/read_words.ts";
import { ReadPatience } from "./bucket/read_patience.ts";
import { descriptorOf } from "./bucket/descriptor.ts";
import { createBucketMaker } from "./s3/bucket.ts";
import { S3Contact } from "./s3/contact.ts";
import { checkClientOptions, clientConfig, SdkLog } from "./s3/client_config.ts";
import { copyObject } from "./s3/copy.ts";
import { CredentialCache, type S3Credentials } from "./s3/credentials.ts";
import { deleteObject, deleteObjects } from "./s3/delete.ts";
import { getObject, headObject } from "./s3/read/get.ts";
import { listObjects } from "./s3/list.ts";
import { parsePlace } from "./s3/location.ts";
import { presignObject, presignPut } from "./s3/presign.ts";
import { putObject } from "./s3/write/put.ts";
import type { S3Store } from "./s3/store.ts";
import { sweepUploads } from "./s3/sweep_uploads.ts";
import { type S3SdkClient, S3Wire } from "./s3/wire.ts";
import type { S3ProviderId } from "./s3_providers.ts";

export type { S3Credentials } from "./s3/credentials.ts";
export type { S3SdkClient } from "./s3/wire.ts";
export type { S3ProviderId } from "./s3_providers.ts";

/** Options of {@linkcode createS3Backend}. */
export interface S3BackendOptions {
  bucket: string;
  /** A folder in the bucket for all keys: `team/models`. @default none */
  prefix?: string;
  provider?: S3ProviderId;
  /** The base URL, or a host: `localhost:9000`. @default that of the provider and region */
  endpoint?: string;
  /** Use https for an endpoint without a scheme. @default true, except on this machine */
  secure?: boolean;
  /** The region of the bucket. @default from the provider or the SDK */
  region?: string;
  /**
   * Credentials, or a function, called again when they expire; `anonymous` for unsigned requests to
   * a public bucket. @default found by the SDK
   */
  credentials?: S3Credentials | "anonymous" | (() => S3Credentials | Promise<S3Credentials>);
  /** @deprecated Use `credentials.accessKeyId`. */
  access_key?: string;
  /** @deprecated Use `credentials.secretAccessKey`. */
  secret_key?: string;
  /**
   * Your own `S3Client` for all requests; it is not closed. Configure `maxAttempts: 1`, and on Deno
   * a handler without keep-alive: a create that is sent twice looks like a lost race.
   */
  client?: S3SdkClient;
  /**
   * Certificates (PEM) of authorities to trust in addition to those of the runtime
   * (`NODE_EXTRA_CA_CERTS`; on Deno also `DENO_CERT` and `DENO_TLS_CA_STORE`).
   */
  ca?: string | readonly string[];
  /** Create the bucket if it does not exist. @default false */
  createBucket?: boolean;
  /** Fields of `PutObject` for every upload: `ServerSideEncryption`, `StorageClass`, `Tagging` … */
  putOptions?: Record<string, unknown>;
  /** Accept the charges of a bucket whose requesters pay. @default false */
  requesterPays?: boolean;
  /**
   * Milliseconds without progress until a request times out. An upload has up to 9 times as long:
   * the system may buffer up to 4 MiB of it without visible progress.
   *
   * @default 30000
   */
  requestTimeoutMs?: number;
  /** Milliseconds until connecting times out. @default 10000 */
  connectionTimeoutMs?: number;
  /**
   * Milliseconds during which failed requests other than creates are retried; for uploads, from the
   * first failure.
   *
   * @default 30000; 3000 until the store has answered once
   */
  retryForMs?: number;
  /** Bytes per part of a large object, at least 5 MiB. @default 8 MiB */
  partBytes?: number;
  /** Concurrent parts per object; half as many for reads as a stream. @default 4 */
  parallel?: number;
  system?: System;
  /** Receives a `debug` message per retry. @default silent */
  logger?: Logger;
}

const OPTIONS: OptionNames<Omit<S3BackendOptions, "access_key" | "secret_key">> = {
  bucket: true,
  prefix: true,
  provider: true,
  endpoint: true,
  secure: true,
  region: true,
  credentials: true,
  client: true,
  ca: true,
  createBucket: true,
  putOptions: true,
  requesterPays: true,
  requestTimeoutMs: true,
  connectionTimeoutMs: true,
  retryForMs: true,
  partBytes: true,
  parallel: true,
  system: true,
  logger: true,
};

/**
 * Creates a backend for a bucket. Sends nothing before the first call.
 *
 * @example
 * ```ts ignore
 * import { createS3Backend } from "@holdfast/holdfast/backends/s3";
 * import { openRegistry } from "@holdfast/holdfast";
 *
 * const backend = createS3Backend({ bucket: "models", prefix: "team", region: "eu-central-1" });
 * await using registry = await openRegistry(backend);
 * ```
 */
export function createS3Backend(options: S3BackendOptions): Backend {
  options = checkOptions("open bucket", readS3Words(options), OPTIONS, ["bucket"]);
  checkClientOptions(options);
  const { store, close } = openStore(options);
  return checkRemovals<Backend>({
    kind: "s3",
    location: store.location,
    reopen: descriptorOf(import.meta.url, "createS3Backend", options),
    head: async (key, options = {}) => await headObject(store, key, options),
    get: async (key, options = {}) => await getObject(store, key, options),
    put: async (key, body, options = {}) => await putObject(store, key, body, options),
    delete: async (key, options) => await deleteObject(store, key, options),
    list: (prefix, options = {}) => listObjects(store, prefix, options),
    deleteMany: async (keys, { signal } = {}) => await deleteObjects(store, keys, signal),
    presign: options.credentials === "anonymous"
      ? undefined
      : async (key, options) => await presignObject(store, key, options),
    presignPut: options.credentials === "anonymous" || !store.provider.checksPuts
      ? undefined
      : async (key, options) => await presignPut(store, key, options),
    copy: async (from, to, options = {}) => await copyObject(store, from, to, options),
    sweepUploads: (options) => sweepUploads(store, options),
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  });
}

/** Returns the bucket as the operations use it, with its settings, clients and connections. */
function openStore(options: S3BackendOptions): { store: S3Store; close: () => void } {
  const { system = realSystem, logger = silentLogger, requesterPays } = options;
  const requestTimeoutMs = timerMs(options.requestTimeoutMs ?? 30_000);
  const { partBytes = 8 * 2 ** 20, parallel = 4, putOptions = {}, retryForMs = 30_000 } = options;
  const { provider, bucket, prefix, endpoint, region, location } = parsePlace(options);
  const credentials = typeof options.credentials === "function"
    ? new CredentialCache(options.credentials, { system, timeoutMs: requestTimeoutMs })
    : undefined;
  const plan = { provider, endpoint, region, credentials, requestTimeoutMs, system };
  const { client, uploads, isFetching, log, close } = openClients(options, plan);
  const contact = new S3Contact({
    bucket,
    endpoint,
    region,
    location,
    system,
    searches: options.credentials === undefined && options.client === undefined,
    bounded: options.retryForMs === undefined,
  });
  const wire = new S3Wire({
    client,
    uploads,
    provider,
    contact,
    log,
    requesterPays,
    timeoutMs: isFetching ? requestTimeoutMs : undefined,
    command: (name, input) => {
      const Command: new (input: never) => unknown = sdk[`${name}Command`];
      return new Command(input as never);
    },
  });
  const store: S3Store = {
    bucket,
    prefix,
    provider,
    location,
    wire,
    contact,
    credentials,
    putOptions,
    partBytes,
    parallel,
    patience: new ReadPatience(requestTimeoutMs),
    retryForMs,
    system,
    logger,
    requesterPays,
    ready: options.createBucket
      ? createBucketMaker(wire, { contact, bucket, region, location })
      : () => Promise.resolve(),
    known: { bucketExists: false, aheadMs: 0 },
  };
  return { store, close };
}

type ClientPlan =
  & Pick<Parameters<typeof clientConfig>[1], "provider" | "endpoint" | "region" | "credentials">
  & { requestTimeoutMs: number; system: System };

/** Returns the client of the SDK, and another one for uploads, which is made at the first one. */
function openClients(options: S3BackendOptions, { requestTimeoutMs, system, ...plan }: ClientPlan) {
  const connections = createConnections({ ca: options.ca, system });
  const log = new SdkLog();
  const configuredEndpoint = async () => await client.config.serviceConfiguredEndpoint?.();
  const settings = { ...options, requestTimeoutMs };
  const config = clientConfig(settings, { ...plan, connections, log, configuredEndpoint });
  const client: S3SdkClient = options.client ?? new sdk.S3Client(config);
  const isFetching = client.config?.runtime === "browser"; // in Workers, which have no connections
  if (isFetching && options.ca !== undefined) {
    const hint = "Omit `ca`, and give the store a certificate from a public authority.";
    throw unsupported("open bucket", undefined, "Workers trust only public authorities", { hint });
  }
  let uploader: S3SdkClient | undefined;
  const uploads = options.client === undefined && !isFetching
    ? { client: () => uploader ??= uploadClient(client, config), timeoutMs: requestTimeoutMs }
    : undefined;
  const close = () => {
    if (options.client === undefined) client.destroy();
    uploader?.destroy();
    connections.close();
  };
  return { client, uploads, isFetching, log, close };
}

/** Returns a client that finds the same credentials, without the time limit of the handler. */
function uploadClient(
  { config: { credentials } }: S3SdkClient,
  config: ReturnType<typeof clientConfig>,
): S3SdkClient {
  const requestHandler = { ...config.requestHandler, socketTimeout: 0 };
  return new sdk.S3Client({ ...config, credentials, requestHandler });
}

providePart("s3.ts", { createS3Backend });
