// The built-in storages by name: their settings, and how each opens its store.
import { endpointOf } from "../../../backends/bucket/read_words.ts";
import { GCS_WORDS, S3_WORDS } from "../../../backends/bucket/words.ts";
import { driverOf, DRIVERS } from "../../../backends/drivers.ts";
import type { Driver, OpenStoreOptions } from "../../../core/driver.ts";
import type { Backend } from "../../../mod.ts";
import { described, invalid, itemAt } from "../../../core/kernel.ts";

/** The type of a setting, or a function that returns the problem of a value. */
type StorageSetting = "text" | "flag" | ((value: unknown) => string | undefined);

export interface StorageDescription {
  readonly settings: Readonly<Record<string, StorageSetting>>;
  readonly required: readonly string[];
  /** Settings to hide in output. @default none */
  readonly secrets?: readonly string[];
  /** Alternative names of settings. @default none */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Environment variables that provide settings. @default none */
  readonly env?: Readonly<Record<string, string>>;
  // deno-lint-ignore no-explicit-any -- the settings were checked as described here
  open(settings: any, options: Pick<OpenStoreOptions, "system" | "logger">): Promise<Backend>;
}

interface BucketSettings {
  bucket: string;
  prefix?: string;
  endpoint?: string;
  createBucket?: boolean;
  /** Use https for a host without a scheme. @default true, except for localhost */
  secure?: boolean;
}

interface S3Settings extends BucketSettings {
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  region?: string;
}

interface GcsSettings extends BucketSettings {
  credentials?: unknown;
  keyFilename?: string;
  projectId?: string;
}

const folder: StorageDescription = {
  settings: { path: "text" },
  required: ["path"],
  env: { path: "LOCAL_STORAGE_PATH" },
  open: async ({ path }: { path: string }, options) =>
    await openHere("file", path, { layout: "plain", ...options }),
};

const gcs: StorageDescription = {
  settings: {
    bucket: "text",
    prefix: "text",
    endpoint: "text",
    credentials: accountProblem,
    keyFilename: "text",
    projectId: "text",
    createBucket: "flag",
    secure: "flag",
  },
  required: ["bucket"],
  secrets: ["credentials"],
  aliases: GCS_WORDS,
  env: { bucket: "GCS_BUCKET" },
  open: async ({ secure, ...settings }: GcsSettings, options) => {
    const { credentials, keyFilename, projectId, createBucket } = settings;
    const endpoint = fullEndpoint("gcs", settings.endpoint, secure);
    const account = { credentials, keyFilename, projectId };
    return await openBucket(urlOf("gs", settings, { endpoint }), {
      ...account,
      createBucket,
      ...options,
    });
  },
};

const memory: StorageDescription = {
  settings: {},
  required: [],
  open: async (_settings, options) => await openHere("memory", "memory:", options),
};

export const STORAGES: Readonly<Record<string, StorageDescription>> = {
  local: folder,
  local_file_storage: folder,
  minio: s3("minio", {
    endpoint: "MINIO_ENDPOINT",
    accessKeyId: "MINIO_ACCESS_KEY",
    secretAccessKey: "MINIO_SECRET_KEY",
    bucket: "MINIO_BUCKET",
  }),
  s3: s3("s3"),
  gcs,
  memory,
};

function s3(scheme: "minio" | "s3", env: Record<string, string> = {}): StorageDescription {
  return {
    settings: {
      endpoint: "text",
      accessKeyId: "text",
      secretAccessKey: "text",
      sessionToken: "text",
      bucket: "text",
      region: "text",
      prefix: "text",
      createBucket: "flag",
      secure: "flag",
    },
    required: ["bucket"],
    secrets: ["accessKeyId", "secretAccessKey", "sessionToken"],
    aliases: S3_WORDS,
    env,
    open: async ({ createBucket, secure, ...settings }: S3Settings, options) => {
      const credentials = keysOf(scheme, settings);
      const endpoint = fullEndpoint(scheme, settings.endpoint, secure);
      const url = urlOf(scheme, settings, { endpoint, region: settings.region });
      return await openBucket(url, { credentials, createBucket, ...options });
    },
  };
}

/** Opens a store of this machine or program. */
async function openHere(scheme: string, url: string, options: OpenStoreOptions): Promise<Backend> {
  return await open({ url, scheme, bucket: "", prefix: "", parameters: {} }, options);
}

/** Opens a bucket. Throws `Invalid` for an invalid URL. */
async function openBucket(
  url: string,
  options: OpenStoreOptions & Pick<GcsSettings, "keyFilename" | "projectId">,
): Promise<Backend> {
  return await open(driverOf(url).place, options);
}

async function open(
  place: Parameters<Driver["open"]>[0],
  options: OpenStoreOptions,
): Promise<Backend> {
  const drivers = DRIVERS.filter(({ schemes }) => schemes.includes(place.scheme));
  return await itemAt(drivers, 0).open(place, options);
}

function urlOf(
  scheme: string,
  { bucket, prefix = "" }: BucketSettings,
  parameters: Record<string, string | undefined>,
): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = given.length === 0 ? "" : `?${new URLSearchParams(given as [string, string][])}`;
  const path = prefix.split("/").map(encodeURIComponent).join("/");
  return `${scheme}://${bucket}/${path}${query}`;
}

function keysOf(
  kind: string,
  { accessKeyId, secretAccessKey, sessionToken }: S3Settings,
): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined {
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  if (accessKeyId === secretAccessKey) return undefined;
  const [given, missing] = accessKeyId === undefined
    ? ["secretAccessKey", "accessKeyId"]
    : ["accessKeyId", "secretAccessKey"];
  throw invalid("open storage", kind, `${given} is set, ${missing} is not`, {
    hint: "Set both, or neither to use the configured credentials.",
  });
}

function fullEndpoint(
  kind: string,
  endpoint: string | undefined,
  secure: boolean | undefined,
): string | undefined {
  return endpoint && endpointOf(endpoint, secure, { action: "open storage", subject: kind });
}

function accountProblem(value: unknown): string | undefined {
  const { client_email, private_key } = Object(value);
  if (typeof client_email === "string" && typeof private_key === "string") return undefined;
  return `it is ${described(value)}, not the key of a service account`;
}
