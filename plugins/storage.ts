/**
 * Storages: files by path in a folder, in a bucket, or in memory.
 *
 * @module
 */
import { createBackends, openBackend } from "../backends/mod.ts";
import type { Backend } from "../core/backend.ts";
import { fault } from "../core/errors.ts";
import type { PluginContext } from "./contract.ts";
import { createFileStorage } from "./storage/backend_storage.ts";
import type { FileStorage } from "./storage/file_storage.ts";
import type {
  GcsStorageSettings,
  LocalStorageSettings,
  S3StorageSettings,
} from "./storage/settings.ts";

export type { Backend } from "../core/backend.ts";
export type { PluginContext } from "./contract.ts";
export { createFileStorage } from "./storage/backend_storage.ts";
export type { FileStorageOptions } from "./storage/backend_storage.ts";
export type * from "./storage/file_storage.ts";
export type * from "./storage/settings.ts";

/** What storages are opened with: clock and environment. */
export type StorageContext = Pick<PluginContext, "system" | "logger">;

/** Opens the storage `memory`, a new one: its files end with it. */
export async function openMemoryStorage(
  _settings: object,
  { system }: StorageContext,
): Promise<FileStorage> {
  return createFileStorage({ backend: await openBackend("memory:", { system }) });
}

/** Opens the storage `local`, a folder: the path of a file below it is the one that it is written to. */
export async function openLocalStorage(
  { path }: LocalStorageSettings,
  { system }: StorageContext,
): Promise<FileStorage> {
  const place = { url: path, scheme: "file", bucket: "", prefix: "", parameters: {} };
  const backend = await createBackends().get("file")(place, { layout: "plain", system }); // no path is taken for a scheme
  return createFileStorage({ backend });
}

/** Opens the storage `minio`, or `s3` and its relatives. */
export async function openS3Storage(
  settings: S3StorageSettings,
  { provider, system, logger }: StorageContext & { provider: "minio" | "s3" },
): Promise<FileStorage> {
  const { accessKey, secretKey, bucket, region, prefix, createBucket } = settings;
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    const [given, missing] = accessKey === undefined
      ? ["secretKey", "accessKey"]
      : ["accessKey", "secretKey"];
    throw fault({
      code: "Invalid",
      action: "open storage",
      subject: provider,
      state: `${given} is given, and ${missing} is not`,
      hint: "Give both, or none, and they are found as configured: openBackend says where.",
    });
  }
  const credentials = accessKey === undefined
    ? undefined
    : { accessKeyId: accessKey, secretAccessKey: secretKey! };
  const endpoint = settings.endpoint === undefined
    ? undefined
    : endpointOf(settings.endpoint, settings.secure);
  const url = bucketUrl(provider, { bucket, prefix }, { endpoint, region });
  return await openBucketStorage(url, { credentials, createBucket, system, logger });
}

/** Opens the storage `gcs`. */
export async function openGcsStorage(
  { bucket, prefix, endpoint, credentials, createBucket }: GcsStorageSettings,
  { system, logger }: StorageContext,
): Promise<FileStorage> {
  const url = bucketUrl("gs", { bucket, prefix }, { endpoint });
  return await openBucketStorage(url, { credentials, createBucket, system, logger });
}

async function openBucketStorage(
  url: string,
  options: Parameters<typeof openBackend>[1],
): Promise<FileStorage> {
  const backend: Backend = await openBackend(url, options);
  return createFileStorage({ backend });
}

function bucketUrl(
  scheme: string,
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
  parameters: Record<string, string | undefined>,
): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  const folder = prefix.split("/").map(encodeURIComponent).join("/");
  return `${scheme}://${bucket}/${folder}${
    given.length === 0 ? "" : `?${new URLSearchParams(given)}`
  }`;
}

function endpointOf(endpoint: string, secure?: boolean): string {
  if (/^[a-z]+:\/\//i.test(endpoint)) return endpoint;
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/i.test(endpoint);
  return `${secure ?? !isHere ? "https" : "http"}://${endpoint}`;
}
