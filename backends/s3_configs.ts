// How the buckets of a program are reached: endpoint, region and keys by provider and bucket, from
// the program itself, the environment, or an env file.
import type { ObjectInfo } from "../core/backend.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { SignalOptions } from "../core/registry.ts";
import { realSystem, type System } from "../core/system.ts";
import { parseObjectUrl, parsePrefixUrl } from "./s3_configs/bucket_url.ts";
import type { ObjectUrl } from "./s3_configs/bucket_url.ts";
import { KnownConfigs } from "./s3_configs/known_configs.ts";
import type { S3ConfigEntry, S3ConfigSource } from "./s3_configs/known_configs.ts";
import { openBucket, toCredentials } from "./s3_configs/open_bucket.ts";
import type { S3Config, S3ConfigInput } from "./s3_configs/s3_config.ts";
import type { DownloadedFile, LocalFile } from "./s3_configs/local_file.ts";
import { downloadObject, listObjects, objectInfo, uploadObject } from "./s3_configs/transfer.ts";
import type {
  DownloadOptions,
  ListedObject,
  TransferTarget,
  UploadData,
  UploadOptions,
} from "./s3_configs/transfer.ts";

export type {
  DownloadedFile,
  DownloadOptions,
  ListedObject,
  LocalFile,
  S3Config,
  S3ConfigEntry,
  S3ConfigInput,
  S3ConfigSource,
  UploadData,
  UploadOptions,
};

/** Options of {@linkcode createS3Configs}. */
export interface S3ConfigsOptions {
  /**
   * Where variables are that the environment does not have. In such a file a secret with `$` stands in single quotes.
   *
   * @default "s3_aksk.env", in the working directory
   */
  envFile?: string;
  /** The environment, and the names of temporary files. */
  system?: System;
}

const OPTIONS: OptionNames<S3ConfigsOptions> = { envFile: true, system: true };

/** The configurations of a program's buckets. */
export interface S3Configs {
  /** Adds a configuration, or what gives it whenever it is needed, and returns it. A bucket that has one is `AlreadyExists`. */
  register<T extends S3ConfigSource>(provider: string, bucket: string, source: T): T;
  /** A decorator that adds the method that it stands on. */
  register(provider: string, bucket: string): <T extends S3ConfigSource>(source: T) => T;
  /**
   * The configuration of a bucket as it is now: as registered, else from the environment, else from the env file.
   * Printing or serialising it does not show its keys.
   *
   * @throws {RegistryError} `NotFound` naming what was looked for; `Invalid` for an unknown provider, where it is
   * incomplete, or where the variables could as well be those of another bucket
   */
  get(provider: string, bucket: string): Promise<S3Config>;
  /** The same, or undefined where there is none. */
  find(provider: string, bucket: string): Promise<S3Config | undefined>;
  /** What is known of: what was registered, asked for and found, or has keys in variables of a known provider. */
  names(): Promise<S3ConfigEntry[]>;
  /** What the store says of an object, which is not read. `NotFound` where there is none. */
  info(url: string, options?: SignalOptions): Promise<ObjectInfo>;
  /** Lists the objects below a URL, as `tos://bucket/folder/`, or `tos://bucket` for all, in the order of their keys. */
  list(url: string, options?: SignalOptions): AsyncIterable<ListedObject>;
  /** Stores data under a URL like `tos://bucket/key`, in place of what was there. */
  upload(data: UploadData, url: string, options?: UploadOptions): Promise<ObjectInfo>;
  /** Writes an object to a file. `NotFound` where there is none. */
  download(url: string, options: DownloadOptions & { to: string | URL }): Promise<DownloadedFile>;
  /** An object as a stream: read it to its end or cancel it. `NotFound` where there is none. */
  download(
    url: string,
    options: DownloadOptions & { as: "stream" },
  ): Promise<ReadableStream<Uint8Array>>;
  /** An object in memory. `NotFound` where there is none. */
  download(url: string, options?: DownloadOptions): Promise<Uint8Array>;
}

/**
 * Creates a set of configurations.
 *
 * Variables are called `{PROVIDER}_{BUCKET}_{ENDPOINT|ACCESS_KEY|SECRET_KEY|REGION|SESSION_TOKEN}`, in upper case, with
 * dashes and dots of the bucket as `_`. A configuration is taken whole from one place, never mixed.
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
 * assertEquals((await configs.names())[0], { provider: "tos", bucket: "my-bucket", source: "registered" });
 * ```
 */
export function createS3Configs(options: S3ConfigsOptions = {}): S3Configs {
  const { envFile = "s3_aksk.env", system = realSystem } = checkOptions(
    "create configurations of buckets",
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
      return args.length === 2
        ? (source: S3ConfigSource) => known.add(provider, bucket, source)
        : known.add(provider, bucket, args[2]);
    }) as S3Configs["register"],
    get: async (provider, bucket) => await known.get(provider, bucket),
    find: async (provider, bucket) => await known.find(provider, bucket),
    names: async () => await known.names(),
    upload: async (data, url, options = {}) => await uploadObject(target(url), data, options),
    info: async (url, options = {}) => await objectInfo(target(url), options),
    list: (url, options = {}) => listObjects(target(url, parsePrefixUrl(url)), options),
    download:
      (async (url: string, options: DownloadOptions = {}) =>
        await downloadObject(target(url), { ...options, system })) as S3Configs["download"],
  };
}
