// Configurations of S3 buckets: endpoint, region and keys by provider and bucket, from the program,
// the environment, or an env file.
import type { ObjectInfo } from "../core/backend.ts";
import { checkCount } from "../core/errors.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { shown } from "../core/naming/names.ts";
import type { SignalOptions } from "../core/registry.ts";
import { realSystem, type System } from "../core/system.ts";
import { bucketUrl, type ObjectUrl } from "./s3_configs/bucket_url.ts";
import { parseObjectUrl, parsePrefixUrl } from "./s3_configs/bucket_url.ts";
import { KnownConfigs } from "./s3_configs/known_configs.ts";
import type { KnownBucket, S3ConfigSource } from "./s3_configs/known_configs.ts";
import { openBucket, toCredentials } from "./s3_configs/open_bucket.ts";
import type { S3Config, S3ConfigInput } from "./s3_configs/s3_config.ts";
import type { DownloadedFile } from "./s3_configs/local_file.ts";
import { downloadObject, listObjects, objectInfo, uploadObject } from "./s3_configs/transfer.ts";
import type { DownloadOptions, TransferTarget } from "./s3_configs/transfer.ts";
import type { UploadData, UploadOptions } from "./s3_configs/transfer.ts";

export type { DownloadedFile, DownloadOptions, UploadData, UploadOptions };
export type { KnownBucket, S3Config, S3ConfigInput, S3ConfigSource };

/** Options of {@linkcode createS3Configs}. */
export interface S3ConfigsOptions {
  /**
   * A file with further variables. `${NAME}` is a variable of a line above, also in quotes; any
   * other `$` is kept.
   *
   * @default "s3_aksk.env" in the working directory
   */
  envFile?: string;
  system?: System;
}

const OPTIONS: OptionNames<S3ConfigsOptions> = { envFile: true, system: true };

/** Configurations of S3 buckets, and transfers of single objects. */
export interface S3Configs {
  /** Adds a configuration, or a function that returns it. `AlreadyExists` if the bucket has one. */
  register<T extends S3ConfigSource>(provider: string, bucket: string, source: T): T;
  /** Returns a decorator that adds the decorated method. */
  register(provider: string, bucket: string): <T extends S3ConfigSource>(source: T) => T;
  /**
   * Returns the current configuration of a bucket: as registered, else from the environment, else
   * from the env file. Printing or serializing it hides its keys.
   *
   * @throws {RegistryError} `NotFound` with the names that were searched; `Invalid` for an unknown
   * provider, an incomplete configuration, or variables that may belong to another bucket
   */
  get(provider: string, bucket: string): Promise<S3Config>;
  /** Like `get`, or undefined if there is none. */
  find(provider: string, bucket: string): Promise<S3Config | undefined>;
  /**
   * Lists known buckets: registered, found before, or with keys in variables of a known provider.
   */
  names(): Promise<KnownBucket[]>;
  /** Returns the size and time of an object. `NotFound` if it does not exist. */
  info(url: string, options?: SignalOptions): Promise<ObjectInfo>;
  /**
   * Lists the objects below `tos://bucket/folder/` or `tos://bucket`, in the order of their keys.
   */
  list(url: string, options?: SignalOptions): AsyncIterable<ObjectInfo & { url: string }>;
  /** Stores data at a URL like `tos://bucket/key`, and replaces an existing object. */
  upload(data: UploadData, url: string, options?: UploadOptions): Promise<ObjectInfo>;
  /** Writes an object to a file. `NotFound` if it does not exist. */
  download(url: string, options: DownloadOptions & { to: string | URL }): Promise<DownloadedFile>;
  /** Returns an object as a stream; read it to its end or cancel it. */
  download(
    url: string,
    options: DownloadOptions & { as: "stream" },
  ): Promise<ReadableStream<Uint8Array>>;
  /** Reads an object into memory. */
  download(url: string, options?: DownloadOptions): Promise<Uint8Array>;
}

/**
 * Creates configurations of S3 buckets.
 *
 * Variables are named `{PROVIDER}_{BUCKET}_{ENDPOINT|ACCESS_KEY|SECRET_KEY|REGION|SESSION_TOKEN}`,
 * in upper case, with `_` for dashes and dots of the bucket. A configuration never mixes sources.
 *
 * @example
 * ```ts
 * import { createS3Configs } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const configs = createS3Configs();
 * configs.register("tos", "my-bucket", () => ({
 *   endpoint: "https://tos-cn-beijing.volces.com",
 *   region: "cn-beijing",
 *   accessKeyId: "read it from where you keep it",
 *   secretAccessKey: "at each use",
 * }));
 * assertEquals((await configs.get("tos", "my-bucket")).region, "cn-beijing");
 * const [first] = await configs.names();
 * assertEquals(first, { provider: "tos", bucket: "my-bucket", source: "registered" });
 * ```
 */
export function createS3Configs(options: S3ConfigsOptions = {}): S3Configs {
  const { envFile = "s3_aksk.env", system = realSystem } = checkOptions(
    "create bucket configurations",
    options,
    OPTIONS,
  );
  const known = new KnownConfigs(envFile, system);
  const target = (url: string, object: ObjectUrl = parseObjectUrl(url)): TransferTarget => ({
    url,
    key: object.key,
    open: async () => {
      const { provider, bucket } = object;
      const config = await known.get(provider, bucket);
      const { endpoint, region } = config;
      const credentials = toCredentials(config);
      return await openBucket({ provider, bucket, endpoint, region, credentials, system });
    },
  });
  return {
    register: ((...args: [string, string] | [string, string, S3ConfigSource]) => {
      const [provider, bucket] = args;
      checkCount(`register bucket ${shown(bucket)}`, args, 3);
      bucketUrl(provider, bucket);
      return args.length === 2
        ? (source: S3ConfigSource) => known.add(provider, bucket, source)
        : known.add(provider, bucket, args[2]);
    }) as S3Configs["register"],
    get: (provider, bucket) => known.get(provider, bucket),
    find: (provider, bucket) => known.find(provider, bucket),
    names: () => known.names(),
    upload: async (data, url, options = {}) => await uploadObject(target(url), data, options),
    info: async (url, options = {}) => await objectInfo(target(url), options),
    list: (url, options = {}) => listObjects(target(url, parsePrefixUrl(url)), options),
    download:
      (async (url: string, options: DownloadOptions = {}) =>
        await downloadObject(target(url), { ...options, system })) as S3Configs["download"],
  };
}
