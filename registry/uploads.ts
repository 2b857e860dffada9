/**
 * Transfers outside `save` and `load`: downloads over presigned URLs, resumable uploads, and the
 * types of drafts.
 *
 * @module
 */
import { checkRegistry } from "../core/options/check_options.ts";
import type { DirectDownload, DirectDownloadOptions } from "../core/registry/transfer.ts";
import type { Registry } from "../core/registry.ts";
import { worded } from "../core/calls/verb_errors.ts";
import type { ResumableUploads } from "./operations/transfer/resumable/uploads.ts";

export type * from "../core/registry/draft.ts";
export type * from "../core/registry/transfer.ts";
export type {
  ResumableUploads,
  UploadSource,
  UploadState,
} from "./operations/transfer/resumable/uploads.ts";
export type { UploadNote } from "./operations/transfer/resumable/write_pieces.ts";

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
  checkRegistry("presign a file", registry);
  const tool = await import("./operations/transfer/presign_download.ts");
  const call = { verb: "presign a file of", ref };
  return await worded(call, () => tool.presignDownload(registry, ref, options));
}

/**
 * Opens the resumable uploads of a registry: files that arrive in pieces, over connections that
 * break, on any store. Uploads that are not saved are garbage collected after `graceMs`.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openUploads } from "@holdfast/holdfast/uploads";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const uploads = await openUploads(registry);
 * const { id } = await uploads.begin({ size: 5 });
 * const piece = (text: string) => ReadableStream.from([new TextEncoder().encode(text)]);
 * await uploads.append(id, piece("hel"), { offset: 0 }); // here the connection breaks
 * const { offset } = await uploads.state(id);
 * await uploads.append(id, piece("lo"), { offset });
 *
 * const source = await uploads.source(id);
 * assertEquals(await new Response(source.stream()).text(), "hello");
 * ```
 */
export async function openUploads(registry: Registry): Promise<ResumableUploads> {
  checkRegistry("open uploads", registry);
  const tool = await import("./operations/transfer/resumable/uploads.ts");
  return tool.createResumableUploads(registry);
}
