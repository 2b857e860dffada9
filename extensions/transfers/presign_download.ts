// URLs that read a file from the store without credentials.
import type { Registry } from "../../mod.ts";
import { PRESIGN } from "../../core/registry/transfer.ts";
import type { DirectDownload, DirectDownloadOptions } from "../../core/registry/transfer.ts";
import { callFunction } from "../../registry/contract/call_function.ts";
import type { FoundVersion } from "./presign_stored.ts";

export type { FoundVersion };

/**
 * Returns a URL that downloads a file of a version from the store, without a token, until it
 * expires. The file must have more than 256 KiB and not be compressed. If the version is replaced
 * or deleted, the URL works for at least `graceMs`.
 *
 * @throws {RegistryError} `Unsupported` for other files, or if the store has no presigned URLs
 */
export async function presignDownload(
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions = {},
): Promise<DirectDownload> {
  return await presignOf(registry, ref, options);
}

/** Presigns files of one version like `presignDownload`. Finds the version once. */
export async function presignOf(
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions,
  found: FoundVersion = {},
): Promise<DirectDownload> {
  return await callFunction(registry, [ref, options], {
    name: "presignDownload",
    ...PRESIGN,
    service: (service, ...args) => service.presignDownload?.(...args),
    here: async () => {
      const { presignStored } = await import("./presign_stored.ts");
      return (...args) => presignStored(found, ...args);
    },
  });
}
