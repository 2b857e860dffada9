// Opens the storages of this library: folders, buckets, memory.
import { DRIVERS } from "../../backends/drivers.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PluginContext } from "../contract.ts";
import { createFileStorage } from "./backend_storage.ts";
import type { FileStorage } from "./file_storage.ts";

/** Settings of a storage; each storage has some of them. */
export interface StorageSettings extends Partial<Pick<PluginContext, "system" | "logger">> {
  /** The folder of a storage on a disk: a path or a `file:` URL. */
  path?: string;
  /** The bucket of a storage in one. */
  bucket?: string;
  /** What all keys begin with, as a folder. @default none */
  prefix?: string;
  /** The store's URL; where it speaks S3, a host will do. */
  endpoint?: string;
  /** Keys of a store that speaks S3: both or none. @default as the environment or the SDK has them */
  accessKeyId?: string;
  secretAccessKey?: string;
  region?: string;
  /** Create the bucket if there is none. @default false */
  createBucket?: boolean;
  /** Use https for a host without a scheme. @default true, except on this machine */
  secure?: boolean;
  /** The key of a service account, where the store is Google's. @default as its library finds it */
  credentials?: { client_email: string; private_key: string };
}

/**
 * Opens a storage of this library by its name (`local minio s3 gcs memory`), of settings that were checked: use
 * `plugins.create(Storage, name)`.
 */
export async function openStorage(
  kind: string,
  { system, logger, ...settings }: StorageSettings = {},
): Promise<FileStorage> {
  const storage = DRIVERS.map(({ storages = {} }) =>
    Object.hasOwn(storages, kind) ? storages[kind] : undefined
  ).find((each) => each !== undefined);
  if (storage !== undefined) {
    const { aliases = {} } = storage;
    const named = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [
        Object.hasOwn(aliases, name) ? aliases[name] : name,
        value,
      ]),
    );
    return createFileStorage({ backend: await storage.open(named, { system, logger }) });
  }
  throw fault({
    code: "NotFound",
    action: "open storage",
    subject: shown(kind),
    state: "there is none of this name",
    hint: `There is ${DRIVERS.flatMap(({ storages }) => Object.keys(storages ?? {})).join(", ")}.`,
  });
}
