// Facts that a service remembers between requests, beside its store. Arguments and results are JSON,
// and methods are asynchronous, so that the processes of one service can share it.
import type { System } from "../../../core/system.ts";
import type { AuditSink } from "../observe/audit_entry.ts";
import { AuditTrail } from "./audit_trail.ts";
import { BegunReads } from "./begun_reads.ts";
import { CommittedDrafts } from "./committed_drafts.ts";
import { RequestRates } from "./request_rates.ts";
import { UploadLocks } from "./upload_locks.ts";
import { WrittenNames } from "./written_names.ts";

/** The public methods of a class. */
export type MethodsOf<T> = { readonly [Name in keyof T]: T[Name] };

/** A part of a gateway: a class whose methods are asynchronous. */
export interface MemoryKind<T extends object> {
  /** Its name in calls between processes: `dav.folders`. */
  readonly id: string;
  new (system: Pick<System, "monotonic">): T;
}

/** The part that gateways use. */
export interface GatewayMemory {
  readonly reads: MethodsOf<BegunReads>;
  readonly drafts: MethodsOf<CommittedDrafts>;
  /** Names of which versions were deleted or restored. */
  readonly deletes: {
    /** Returns the names since a mark, 0 for the first call. Some are missing if it is cut. */
    since(mark: number): Promise<{ mark: number; names: string[]; isCut: boolean }>;
  };
  /** Returns what a gateway remembers. */
  of<T extends object>(kind: MemoryKind<T>): MethodsOf<T>;
}

/** @internal */
export interface ServiceMemory extends GatewayMemory {
  readonly locks: MethodsOf<UploadLocks>;
  readonly rates: MethodsOf<RequestRates>;
  readonly deletes: MethodsOf<WrittenNames>;
  readonly writes: MethodsOf<WrittenNames>;
  readonly trail: MethodsOf<AuditTrail>;
}

/** The parts of every service, by the names of their members. */
export const MEMORY_PARTS: Readonly<
  Record<Exclude<keyof ServiceMemory, "of">, { readonly prototype: object }>
> = {
  reads: BegunReads,
  deletes: WrittenNames,
  drafts: CommittedDrafts,
  locks: UploadLocks,
  rates: RequestRates,
  writes: WrittenNames,
  trail: AuditTrail,
};

/** Creates the memory of a service in this process. */
export function createServiceMemory(
  system: Pick<System, "monotonic">,
  audit: AuditSink = () => {},
): ServiceMemory {
  const ofGateways = new Map<string, object>();
  return {
    reads: new BegunReads(system),
    deletes: new WrittenNames(),
    drafts: new CommittedDrafts(),
    locks: new UploadLocks(),
    rates: new RequestRates(system),
    writes: new WrittenNames(),
    trail: new AuditTrail(audit),
    of<T extends object>(kind: MemoryKind<T>): MethodsOf<T> {
      const known = ofGateways.get(kind.id) ?? new kind(system);
      ofGateways.set(kind.id, known);
      return known as T;
    },
  };
}
