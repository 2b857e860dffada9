// Operations of a service, for a registry without a store in this program.
import type { Annotations, PagedArtifact } from "../artifact.ts";
import type { AnnotateOptions, AnnotationsChange } from "./annotations.ts";
import type { ReadOptions } from "./operations/reading.ts";
import type { Release } from "./release.ts";
import type { RetentionRules, RulesChange } from "./rules.ts";
import type { SavedArtifact, SignalOptions } from "./operations/saving.ts";
import type { Lineage, LineageOptions } from "./lineage.ts";
import type { LogEntry, LogOptions, RegistryLogOptions } from "./log.ts";
import type {
  FinishStoredRunOptions,
  LoggedRun,
  LoggedRunPage,
  OpenRunOptions,
  ReadRunOptions,
  ReadRunsOptions,
  RunChange,
  RunName,
  RunWriter,
} from "./run.ts";
import type { DirectDownload, DirectDownloadOptions } from "./transfer.ts";
import type { DirectUpload, DirectUploadOptions } from "./transfer.ts";

/**
 * Operations of the service behind a registry, called by `readLineage`, `readLog`,
 * `resolveRelease`, `annotate`, `readRules`, `changeRules`, `rulesHistory`, `presignDownload`,
 * `openPages`, which lists and opens files, and the functions for runs. A missing member is
 * `Unsupported`, or `open` in the place of `openPages`. A view that hides data must leave them out
 * or hide it here too.
 */
export interface RegistryService {
  openPages?(ref: string, options?: ReadOptions): Promise<PagedArtifact>;
  lineage?(ref: string, options?: LineageOptions): Promise<Lineage>;
  annotations?(ref: string, options?: SignalOptions): Promise<Annotations | undefined>;
  annotate?(
    ref: string,
    change: AnnotationsChange,
    options?: AnnotateOptions,
  ): Promise<Annotations>;
  /** Returns the members that may be read, including deleted ones. */
  release?(ref: string, options?: SignalOptions): Promise<Release>;
  rules?(options?: SignalOptions & { name?: string }): Promise<RetentionRules>;
  changeRules?(change: RulesChange): Promise<RetentionRules>;
  /** Yields the rules after each change, newest first. */
  rulesHistory?(options?: SignalOptions): AsyncIterable<RetentionRules>;
  log?(name: string, options?: LogOptions): AsyncIterable<LogEntry>;
  /** Lists the changes of all names that may be read. */
  registryLog?(options?: RegistryLogOptions): AsyncIterable<LogEntry>;
  /** Adds a writer to a run, which it begins if there is none. */
  beginRun?(run: RunName, options?: Omit<OpenRunOptions, "id">): Promise<RunWriter>;
  /** Lists the runs of all names that may be read, without those that are finished. */
  runs?(options?: Omit<ReadRunsOptions, "names">): AsyncIterable<LoggedRun>;
  readRun?(run: RunName, options?: ReadRunOptions): Promise<LoggedRunPage>;
  updateRun?(run: RunName, change: RunChange): Promise<void>;
  discardRun?(run: RunName, options?: SignalOptions): Promise<boolean>;
  finishRun?(run: RunName, options?: FinishStoredRunOptions): Promise<SavedArtifact>;
  presignDownload?(ref: string, options?: DirectDownloadOptions): Promise<DirectDownload>;
  presignUpload?(options: DirectUploadOptions): Promise<DirectUpload>;
}
