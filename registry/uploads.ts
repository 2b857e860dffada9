/**
 * Transfers outside `save` and `load`: downloads over presigned URLs, resumable uploads, and the
 * types of drafts.
 *
 * @module
 */
export type * from "../core/registry/draft.ts";
export type { DirectDownload, DirectDownloadOptions } from "../core/registry/transfer.ts";
export type {
  ResumableUploads,
  UploadSource,
  UploadState,
} from "./operations/transfer/resumable/uploads.ts";
export type { UploadNote } from "./operations/transfer/resumable/write_pieces.ts";
export { presignDownload } from "./operations/transfer/presign_download.ts";
export { openUploads } from "./operations/transfer/resumable/uploads.ts";
