// Operations that a service does itself, for a registry without a store in this program.
import type { SavedArtifact } from "./saving.ts";
import type { Lineage, LineageOptions } from "./lineage.ts";
import type { LogEntry, LogOptions } from "./log.ts";
import type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownload,
  DirectDownloadOptions,
  Upload,
  UploadToCommit,
} from "./transfer.ts";

/**
 * The extension of a registry behind a service: what `lineageOf`, `logOf`, `createUpload`, `commitUpload` and
 * `presignDownload` call where there is no store to work on. A member that is missing is `Unsupported`. A view of a
 * registry leaves it out, or hides in it what it hides elsewhere.
 */
export interface RegistryService {
  lineage?(ref: string, options?: LineageOptions): Promise<Lineage>;
  log?(name: string, options?: LogOptions): AsyncIterable<LogEntry>;
  createUpload?(options: CreateUploadOptions): Promise<Upload>;
  commitUpload?(upload: UploadToCommit, options: CommitUploadOptions): Promise<SavedArtifact>;
  presignDownload?(ref: string, options?: DirectDownloadOptions): Promise<DirectDownload>;
}
