// Opens the storages of this library: folders, buckets, memory.
import { createBackends, openBackend } from "../../backends/mod.ts";
import type { Backend } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import type { PluginContext } from "../contract.ts";
import { createFileStorage } from "./backend_storage.ts";
import type { FileStorage } from "./file_storage.ts";

/** Settings of a storage; each storage has some of them. */
export interface StorageSettings extends Partial<Pick<PluginContext, "system" | "logger">> {
  /** The folder of `local`: a path or a `file:` URL. */
  path?: string;
  /** The bucket of `minio`, `s3` and `gcs`. */
  bucket?: string;
  /** What all keys begin with, as a folder. @default none */
  prefix?: string;
  /** The store's URL; for `minio` and `s3` a host will do. */
  endpoint?: string;
  /** Keys of `minio` and `s3`: both or none. @default as the environment or the SDK has them */
  accessKey?: string;
  secretKey?: string;
  region?: string;
  /** Create the bucket if there is none. @default false */
  createBucket?: boolean;
  /** Use https for a host without a scheme. @default true, except on this machine */
  secure?: boolean;
  /** The key of a service account, for `gcs`. @default as Google's library finds it */
  credentials?: { client_email: string; private_key: string };
}

/** Opens a storage of this library by its name, of settings that were checked: use `plugins.create(Storage, name)`. */
export async function openStorage(
  kind: "local" | "minio" | "s3" | "gcs" | "memory",
  settings: StorageSettings = {},
): Promise<FileStorage> {
  return createFileStorage({ backend: await openStore(kind, settings) });
}

async function openStore(
  kind: "local" | "minio" | "s3" | "gcs" | "memory",
  settings: StorageSettings,
): Promise<Backend> {
  const { region, createBucket, secure, system, logger } = settings;
  if (kind === "memory") return await openBackend("memory:", { system });
  if (kind === "local") {
    const place = { url: settings.path!, scheme: "file", bucket: "", prefix: "", parameters: {} };
    return await createBackends().get("file")(place, { layout: "plain", system }); // no path is taken for a scheme
  }
  const credentials = keysOf(kind, settings) ?? settings.credentials;
  const endpoint = settings.endpoint && kind !== "gcs"
    ? endpointOf(settings.endpoint, secure)
    : settings.endpoint;
  const url = bucketUrl(kind === "gcs" ? "gs" : kind, settings, { endpoint, region });
  return await openBackend(url, { credentials, createBucket, system, logger });
}

function keysOf(
  kind: string,
  { accessKey, secretKey }: StorageSettings,
): { accessKeyId: string; secretAccessKey: string } | undefined {
  if (accessKey !== undefined && secretKey !== undefined) {
    return { accessKeyId: accessKey, secretAccessKey: secretKey };
  }
  if (accessKey === secretKey) return undefined;
  const [given, missing] = accessKey === undefined
    ? ["secretKey", "accessKey"]
    : ["accessKey", "secretKey"];
  throw fault({
    code: "Invalid",
    action: "open storage",
    subject: kind,
    state: `${given} is given, and ${missing} is not`,
    hint: "Give both, or none, and they are found as configured: openBackend says where.",
  });
}

function bucketUrl(
  scheme: string,
  { bucket, prefix = "" }: StorageSettings,
  parameters: Record<string, string | undefined>,
): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = given.length === 0 ? "" : `?${new URLSearchParams(given as [string, string][])}`;
  return `${scheme}://${bucket}/${prefix.split("/").map(encodeURIComponent).join("/")}${query}`;
}

/** A host alone is reached by https, on this machine by http. */
function endpointOf(endpoint: string, secure?: boolean): string {
  if (/^[a-z]+:\/\//i.test(endpoint)) return endpoint;
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/i.test(endpoint);
  return `${secure ?? !isHere ? "https" : "http"}://${endpoint}`;
}
