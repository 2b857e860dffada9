/**
 * Transfers outside `save` and `load`: direct uploads and downloads over presigned URLs, resumable
 * uploads, and the types of drafts.
 *
 * @module
 */
export type {
  AddedPart,
  AddPartOptions,
  CommitDraftOptions,
  Draft,
  DraftInfo,
  DraftPart,
  OpenDraftOptions,
} from "../core/registry/draft.ts";
export type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownload,
  DirectDownloadOptions,
  Upload,
  UploadFile,
  UploadTarget,
  UploadToCommit,
} from "../core/registry/transfer.ts";
export type {
  AppendOptions,
  BeginUploadOptions,
  ReceiveOptions,
  ResumableUploads,
  UploadSource,
  UploadState,
} from "./operations/transfer/resumable/uploads.ts";
export type {
  UploadNote,
  WritePiecesOptions,
} from "./operations/transfer/resumable/write_pieces.ts";
export { commitUpload, createUpload, openUploads, presignDownload } from "./tools.ts";
