/**
 * Transfers outside `save` and `load`: downloads over presigned URLs, resumable uploads, and the
 * types of drafts.
 *
 * @module
 */
export type * from "../../core/registry/draft.ts";
export type { DirectDownload, DirectDownloadOptions } from "../../core/registry/transfer.ts";
export type { ResumableUploads, UploadSource, UploadState } from "./uploads.ts";
export type { UploadNote } from "./write_pieces.ts";
export { presignDownload } from "./presign_download.ts";
export { openUploads } from "./uploads.ts";
