// Opens built-in storages: folders, buckets, memory.
import { notFound, shown } from "../../../core/kernel.ts";
import type { PluginContext } from "../contract.ts";
import { createFileStorage } from "./backend_storage.ts";
import type { FileStorage } from "./file_storage.ts";
import { STORAGES } from "./storages.ts";

interface StorageSettings extends Partial<Pick<PluginContext, "system" | "logger">> {
  /** The folder, a path or a `file:` URL. */
  path?: string;
  bucket?: string;
  /** A folder in the bucket for all files. @default none */
  prefix?: string;
  /** The URL of the store, or for S3 its host. */
  endpoint?: string;
  /** S3 keys, both or none. @default from the environment or the SDK */
  accessKeyId?: string;
  secretAccessKey?: string;
  region?: string;
  /** Create the bucket if it does not exist. @default false */
  createBucket?: boolean;
  /** Use https for a host without a scheme. @default true, except for localhost */
  secure?: boolean;
  /** The key of a Google service account. @default found by its library */
  credentials?: { client_email: string; private_key: string };
}

/**
 * Opens a built-in storage by its name (`local minio s3 gcs memory`) with checked settings. Use
 * `plugins.create(Storage, name)` to check them.
 */
export async function openStorage(
  kind: string,
  { system, logger, ...settings }: StorageSettings = {},
): Promise<FileStorage> {
  const storage = Object.hasOwn(STORAGES, kind) ? STORAGES[kind] : undefined;
  if (storage === undefined) {
    throw notFound("open storage", shown(kind), "unknown storage", {
      hint: `Use one of ${Object.keys(STORAGES).join(", ")}.`,
    });
  }
  const { aliases = {} } = storage;
  const named = Object.entries(settings).map(([name, value]) => [
    Object.hasOwn(aliases, name) ? aliases[name] : name,
    value,
  ]);
  const backend = await storage.open(Object.fromEntries(named), { system, logger });
  return createFileStorage({ backend });
}
