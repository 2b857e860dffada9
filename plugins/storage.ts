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

export type { Backend } from "../core/backend.ts";
export type { PluginContext } from "./contract.ts";
export { createFileStorage, type FileStorageOptions } from "./storage/backend_storage.ts";
export type * from "./storage/file_storage.ts";

/** Opens a storage of this library by its name, of settings that were checked: use `plugins.create(Storage, name)`. */
export async function openStorage(
  kind: "local" | "minio" | "s3" | "gcs" | "memory",
  // deno-lint-ignore no-explicit-any -- checked by the schema of each storage
  settings: any,
  { system, logger }: Pick<PluginContext, "system" | "logger">,
): Promise<FileStorage> {
  return createFileStorage({ backend: await open() });

  async function open(): Promise<Backend> {
    if (kind === "memory") return await openBackend("memory:", { system });
    if (kind === "local") {
      const place = { url: settings.path, scheme: "file", bucket: "", prefix: "", parameters: {} };
      return await createBackends().get("file")(place, { layout: "plain", system }); // no path is taken for a scheme
    }
    const { region, createBucket, secure } = settings;
    const { credentials = keysOf(kind, settings) } = settings;
    const endpoint = settings.endpoint && kind !== "gcs"
      ? endpointOf(settings.endpoint, secure)
      : settings.endpoint;
    const url = bucketUrl(kind === "gcs" ? "gs" : kind, settings, { endpoint, region });
    return await openBackend(url, { credentials, createBucket, system, logger });
  }
}

function keysOf(
  kind: string,
  { accessKey, secretKey }: { accessKey?: string; secretKey?: string },
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
  { bucket, prefix = "" }: { bucket: string; prefix?: string },
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
