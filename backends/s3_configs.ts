// How the buckets of a program are reached: endpoint, region and keys by provider and bucket, from
// the program itself, the environment, or an env file.
import type { ObjectInfo } from "../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../core/errors.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { SignalOptions } from "../core/registry.ts";
import { nearest } from "../core/text/nearest.ts";
import { realSystem, type System } from "../core/system.ts";
import { bucketUrl, parseObjectUrl, parsePrefixUrl } from "./s3_configs/bucket_url.ts";
import type { ObjectUrl } from "./s3_configs/bucket_url.ts";
import { openBucket, toCredentials } from "./s3_configs/open_bucket.ts";
import {
  type S3Config,
  type S3ConfigInput,
  sealS3Config,
  SETTINGS,
} from "./s3_configs/s3_config.ts";
import type { DownloadedFile, LocalFile } from "./s3_configs/local_file.ts";
import { downloadObject, listObjects, objectInfo, uploadObject } from "./s3_configs/transfer.ts";
import type {
  DownloadOptions,
  ListedObject,
  TransferTarget,
  UploadData,
  UploadOptions,
} from "./s3_configs/transfer.ts";
import {
  parseStem,
  readVariables,
  readVariableSources,
  variableName,
  variableStem,
} from "./s3_configs/variables.ts";
import { S3_PROVIDERS } from "./s3_providers.ts";

export type {
  DownloadedFile,
  DownloadOptions,
  ListedObject,
  LocalFile,
  S3Config,
  S3ConfigInput,
  UploadData,
  UploadOptions,
};

/** A configuration, or what gives it whenever it is needed. */
export type S3ConfigSource = S3ConfigInput | (() => S3ConfigInput | Promise<S3ConfigInput>);

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

/** A configuration that is known of, without what it says. */
export interface S3ConfigEntry {
  /** Who runs the store: `s3`, `minio`, `tos` … */
  provider: string;
  /** The bucket. Where only variables name it, its dots are shown as dashes. */
  bucket: string;
  source: "registered" | "environment" | "file";
}

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
  const registered = new Map<
    string,
    { provider: string; bucket: string; source: S3ConfigSource }
  >();
  const asked = new Map<string, { provider: string; bucket: string }>(); // found in variables, by their stem

  function add<T extends S3ConfigSource>(provider: string, bucket: string, source: T): T {
    const url = bucketUrl(provider, bucket);
    if (registered.has(url)) {
      throw fault({
        code: "AlreadyExists",
        action: "register a configuration of",
        subject: url,
        state: "it has one",
        hint:
          "A function that is registered may give another configuration each time it is called.",
      });
    }
    registered.set(url, { provider, bucket, source });
    return source;
  }

  async function find(provider: string, bucket: string): Promise<S3Config | undefined> {
    const url = bucketUrl(provider, bucket);
    const own = registered.get(url);
    if (own !== undefined) return sealS3Config(await evaluate(own.source, url), url);
    const stem = variableStem(provider, bucket);
    for (const place of await readVariableSources(envFile, system)) {
      const found = readVariables(stem, place);
      if (found === undefined) continue;
      const others = [...registered.values(), ...asked.values()].filter((other) =>
        variableStem(other.provider, other.bucket) === stem &&
        bucketUrl(other.provider, other.bucket) !== url
      );
      if (others.length > 0) {
        throw ambiguous(url, bucketUrl(others[0].provider, others[0].bucket), stem);
      }
      asked.set(stem, { provider, bucket });
      return sealS3Config(
        found,
        `${url} in ${place.said}`,
        (setting) => variableName(stem, setting),
      );
    }
  }

  async function get(provider: string, bucket: string): Promise<S3Config> {
    const config = await find(provider, bucket);
    if (config !== undefined) return config;
    const providers = [
      ...S3_PROVIDERS.keys(),
      ...[...registered.values()].map((known) => known.provider),
    ];
    if (!providers.includes(provider)) {
      throw unknownProvider(bucketUrl(provider, bucket), provider, providers);
    }
    const stem = variableStem(provider, bucket);
    const names = SETTINGS.slice(0, 4).map((setting) => variableName(stem, setting)).join(", ");
    const places = (await readVariableSources(envFile, system)).map(({ said }) => said).join(
      " and in ",
    );
    throw fault({
      code: "NotFound",
      action: "find a configuration of",
      subject: bucketUrl(provider, bucket),
      state: `looked for ${names} in ${places}`,
      hint:
        "Set these variables, or write them into that file, or register a configuration in the program. " +
        "Deno reads what --allow-env and --allow-read name.",
    });
  }

  async function names(): Promise<S3ConfigEntry[]> {
    const entries: S3ConfigEntry[] = [...registered.values()].map(({ provider, bucket }) => ({
      provider,
      bucket,
      source: "registered",
    }));
    const seen = new Set(entries.map(({ provider, bucket }) => variableStem(provider, bucket)));
    const providers = [
      ...new Set([...S3_PROVIDERS.keys(), ...entries.map(({ provider }) => provider)]),
    ];
    for (const place of await readVariableSources(envFile, system)) {
      for (const stem of [...asked.keys(), ...place.stems()]) {
        const bucket = asked.get(stem) ?? parseStem(stem, providers);
        if (bucket === undefined || seen.has(stem) || readVariables(stem, place) === undefined) {
          continue;
        }
        seen.add(stem);
        entries.push({ ...bucket, source: place.source });
      }
    }
    return entries;
  }

  function target(
    url: string,
    { provider, bucket, key }: ObjectUrl = parseObjectUrl(url),
  ): TransferTarget {
    const open = async () => {
      const config = await get(provider, bucket);
      const { endpoint, region } = config;
      return await openBucket({
        provider,
        bucket,
        endpoint,
        region,
        credentials: toCredentials(config),
        system,
      });
    };
    return { url, key, open };
  }

  return {
    register: ((...args: [string, string] | [string, string, S3ConfigSource]) => {
      const [provider, bucket] = args;
      return args.length === 2
        ? (source: S3ConfigSource) => add(provider, bucket, source)
        : add(provider, bucket, args[2]);
    }) as S3Configs["register"],
    get,
    find,
    names,
    upload: async (data, url, options = {}) => await uploadObject(target(url), data, options),
    info: async (url, options = {}) => await objectInfo(target(url), options),
    list: (url, options = {}) => listObjects(target(url, parsePrefixUrl(url)), options),
    download:
      (async (url: string, options: DownloadOptions = {}) =>
        await downloadObject(target(url), { ...options, system })) as S3Configs["download"],
  };
}

async function evaluate(source: S3ConfigSource, url: string): Promise<unknown> {
  if (typeof source !== "function") return source;
  try {
    return await source();
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    throw fault({
      code: "TaskFailed",
      action: "configure",
      subject: url,
      state: "the function that was registered for it failed",
      hint: "Its own error is the cause of this one.",
      cause,
    });
  }
}

function unknownProvider(
  url: string,
  provider: string,
  providers: readonly string[],
): RegistryError {
  const meant = nearest(provider, providers);
  return fault({
    code: "Invalid",
    action: "find a configuration of",
    subject: url,
    state: `there is no provider ${JSON.stringify(provider)}`,
    hint: `${meant === undefined ? "" : `Did you mean ${meant}? `}Use one of ${
      [...new Set(providers)].join(", ")
    }.`,
  });
}

function ambiguous(url: string, other: string, stem: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "configure",
    subject: `${url} from variables`,
    state: `${stem}_… could as well be meant for ${other}`,
    hint: `Register configurations of both: the names of variables do not tell them apart.`,
  });
}
