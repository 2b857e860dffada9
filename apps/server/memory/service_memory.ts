// Facts that a service remembers between requests, beside its store. Arguments and results are JSON,
// and methods are asynchronous, so that the processes of one service can share it.
import type { System } from "../../../core/system.ts";
import type { AuditSink } from "../observe/audit_entry.ts";
import { AuditTrail } from "./audit_trail.ts";
import { BegunReads } from "./begun_reads.ts";
import { CommittedDrafts } from "./committed_drafts.ts";
import { CreatedRepos } from "./created_repos.ts";
import { FolderVersions } from "./folder_versions.ts";
import { RequestRates } from "./request_rates.ts";
import { SentObjects } from "./sent_objects.ts";
import { UploadLocks } from "./upload_locks.ts";
import { WrittenNames } from "./written_names.ts";

/** The public methods of a class. */
type MethodsOf<T> = { readonly [Name in keyof T]: T[Name] };

export interface ServiceMemory {
  readonly reads: MethodsOf<BegunReads>;
  readonly folders: MethodsOf<FolderVersions>;
  readonly objects: MethodsOf<SentObjects>;
  readonly repos: MethodsOf<CreatedRepos>;
  readonly drafts: MethodsOf<CommittedDrafts>;
  readonly locks: MethodsOf<UploadLocks>;
  readonly rates: MethodsOf<RequestRates>;
  readonly writes: MethodsOf<WrittenNames>;
  readonly trail: MethodsOf<AuditTrail>;
}

/** Creates the memory of a service in this process. */
export function createServiceMemory(
  system: Pick<System, "monotonic">,
  audit: AuditSink = () => {},
): ServiceMemory {
  return {
    reads: new BegunReads(system),
    folders: new FolderVersions(system),
    objects: new SentObjects(),
    repos: new CreatedRepos(),
    drafts: new CommittedDrafts(),
    locks: new UploadLocks(),
    rates: new RequestRates(system),
    writes: new WrittenNames(),
    trail: new AuditTrail(audit),
  };
}
