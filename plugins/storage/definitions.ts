// The storages of this library. What they stand on is imported when one is made. A storage leaves
// the settings of others aside, so that it is exchanged by its name alone.
import { described } from "../../core/text/described.ts";
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { defineSettings, flag, type Setting, text } from "../sets/settings.ts";

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

const GCS: Record<string, Setting> = {
  bucket: { ...text, required: true },
  prefix: text,
  endpoint: text,
  credentials: account,
  createBucket: flag,
};

const ALIASES = { access_key: "accessKey", secret_key: "secretKey", create_bucket: "createBucket" };

/**
 * What no storage shows or sends, one's own or another's that it leaves aside. No storage has a setting that is called as
 * the SDK of AWS calls its keys, but whoever calls them so shall hear of it before they are in a queue.
 */
const SECRETS = [
  ...["accessKey", "secretKey", "credentials", "accessKeyId", "secretAccessKey", "sessionToken"],
  ...["access_key_id", "secret_access_key", "session_token"],
];

const OTHERS = [...Object.keys(S3), "credentials", "path"];

function define(
  kind: "local" | "minio" | "s3" | "gcs" | "memory",
  settings: Readonly<Record<string, Setting>>,
  env: Record<string, string> = {},
): AnyDefinition {
  return {
    config: defineSettings(settings, { others: OTHERS }),
    aliases: ALIASES,
    env,
    secrets: SECRETS,
    create: async (config, { system, logger }) =>
      (await import("./open_storage.ts")).openStorage(kind, { ...config, system, logger }),
  };
}

const local = define("local", { path: { ...text, required: true } }, {
  path: "LOCAL_STORAGE_PATH",
});

export const STORAGES: Readonly<Record<string, AnyDefinition>> = {
  local,
  local_file_storage: local,
  minio: define("minio", S3, {
    endpoint: "MINIO_ENDPOINT",
    accessKey: "MINIO_ACCESS_KEY",
    secretKey: "MINIO_SECRET_KEY",
    bucket: "MINIO_BUCKET",
  }),
  s3: define("s3", S3),
  gcs: define("gcs", GCS, { bucket: "GCS_BUCKET" }),
  memory: define("memory", {}),
};
