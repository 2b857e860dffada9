// URLs that create the bytes of an upload in the store, without credentials.
import type { Registry } from "../../mod.ts";
import { PRESIGN_UPLOAD } from "../../core/registry/transfer.ts";
import type { DirectUpload, DirectUploadOptions } from "../../core/registry/transfer.ts";
import { callFunction } from "../../registry/contract/call_function.ts";

/**
 * Returns a request by which a program without credentials sends the bytes of an upload to the
 * store. The URL binds their number and their SHA-256, works once, and is a secret until it
 * expires. Then use the upload like any other: `source` of {@linkcode openUploads} has its content.
 * With `upload`, the bytes are a piece of an upload that `begin` has begun.
 *
 * A save copies it inside the store. It reads the bytes once where no store has compared their
 * SHA-256: those of pieces, and on Google Cloud Storage. Pass `crc32c` there, so that broken
 * transfers fail at once.
 *
 * @throws {RegistryError} `Unsupported` if the store has no such URLs, or takes fewer bytes at once
 */
export async function presignUpload(
  registry: Registry,
  options: DirectUploadOptions,
): Promise<DirectUpload> {
  return await callFunction(registry, [options], {
    name: "presignUpload",
    ...PRESIGN_UPLOAD,
    required: ["size", "sha256"],
    service: (service, ...args) => service.presignUpload?.(...args),
    here: async () => (await import("./presign_new_upload.ts")).presignNewUpload,
  });
}
