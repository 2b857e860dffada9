/**
 * Transfers outside `save` and `load`: downloads and uploads over presigned URLs, resumable
 * uploads, and the types of drafts.
 *
 * @module
 */
export type * from "../../core/registry/draft.ts";
export type { DirectDownload, DirectDownloadOptions } from "../../core/registry/transfer.ts";
export type { DirectUpload, DirectUploadOptions } from "../../core/registry/transfer.ts";
export type { ResumableUploads } from "./uploads.ts";
export type { UploadSource, UploadState } from "./stored_uploads.ts";
export type { UploadNote } from "./write_pieces.ts";
export { presignDownload } from "./presign_download.ts";
export { presignUpload } from "./presign_upload.ts";
export { openUploads } from "./uploads.ts";
