/**
 * Transfers outside `save` and `load`: downloads and uploads over presigned URLs, resumable
 * uploads, and the types of drafts.
 *
 * @module
 */
import type { Registry } from "../../mod.ts";
import { checkToolOptions } from "../../core/kernel.ts";
import type { ResumableUploads } from "./uploads.ts";

export type * from "../../core/registry/draft.ts";
export type { DirectDownload, DirectDownloadOptions } from "../../core/registry/transfer.ts";
export type { DirectUpload, DirectUploadOptions } from "../../core/registry/transfer.ts";
export type { ResumableUploads };
export type { UploadSource, UploadState } from "./stored_uploads.ts";
export type { UploadNote } from "./write_pieces.ts";
export { presignDownload } from "./presign_download.ts";
export { presignUpload } from "./presign_upload.ts";

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
  checkToolOptions("open uploads", registry, {});
  const { createResumableUploads } = await import("./uploads.ts");
  return createResumableUploads(registry);
}
