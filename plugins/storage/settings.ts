// The settings of the storages: what each understands, and what it leaves aside because it is
// another's, so that a storage is exchanged by its name alone.
import { described } from "../../core/materializer.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";
import { defineSettings, flag, type Setting, text } from "../sets/settings.ts";

/** The settings of `local`. */
export interface LocalStorageSettings {
  /** The folder: a path or a `file:` URL. */
  path: string;
}

/** The settings of `minio` and `s3`. */
export interface S3StorageSettings {
  /** Where the store is: a URL, or a host with or without a port. */
  endpoint?: string;
  /** The keys; both or none. @default as the environment or the SDK has them */
  accessKey?: string;
  /** The secret one. */
  secretKey?: string;
  bucket: string;
  region?: string;
  /** What all keys begin with, as a folder. @default none */
  prefix?: string;
  /** Make the bucket where there is none. @default false */
  createBucket?: boolean;
  /** Whether a host without a scheme is reached by https. @default true, but for this machine */
  secure?: boolean;
}

/** The settings of `gcs`. */
export interface GcsStorageSettings {
  bucket: string;
  /** What all keys begin with, as a folder. @default none */
  prefix?: string;
  /** Base URL of the store, for one that is not Google's. */
  endpoint?: string;
  /** The key of a service account. @default as Google's library finds it */
  credentials?: { client_email: string; private_key: string };
  /** Make the bucket where there is none. @default false */
  createBucket?: boolean;
}

const S3: Record<string, Setting> = {
  endpoint: text,
  accessKey: text,
  secretKey: text,
  bucket: { ...text, required: true },
  region: text,
  prefix: text,
  createBucket: flag,
  secure: flag,
};

const account: Setting = {
  problemOf(value) {
    const { client_email, private_key } = Object(value);
    if (typeof client_email === "string" && typeof private_key === "string") return undefined;
    return `it is ${described(value)}, and no key of a service account`;
  },
};

/** Other spellings of settings. */
export const STORAGE_ALIASES: Readonly<Record<string, string>> = {
  access_key: "accessKey",
  secret_key: "secretKey",
  create_bucket: "createBucket",
};

/**
 * What no storage shows or sends, one's own or another's that it leaves aside. No storage has a setting that is called as
 * the SDK of AWS calls its keys, but whoever calls them so shall hear of it before they are in a queue.
 */
export const STORAGE_SECRETS: readonly string[] = [
  ...["accessKey", "secretKey", "credentials"],
  ...[
    "accessKeyId",
    "secretAccessKey",
    "sessionToken",
    "access_key_id",
    "secret_access_key",
    "session_token",
  ],
];

const ALL = [...Object.keys(S3), "credentials", "path"];

/** What `local` is made with. */
export const localSettings: StandardSchema<LocalStorageSettings> = defineSettings(
  { path: { ...text, required: true } },
  { others: ALL },
);

/** What `memory` is made with: nothing. */
export const memorySettings: StandardSchema<object> = defineSettings({}, { others: ALL });

/** What `minio` and `s3` are made with. */
export const s3Settings: StandardSchema<S3StorageSettings> = defineSettings(S3, { others: ALL });

/** What `gcs` is made with. */
export const gcsSettings: StandardSchema<GcsStorageSettings> = defineSettings({
  bucket: { ...text, required: true },
  prefix: text,
  endpoint: text,
  credentials: account,
  createBucket: flag,
}, { others: ALL });
