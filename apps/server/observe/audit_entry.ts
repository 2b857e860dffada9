// Entries of the audit trail.
import type { Author } from "../../../core/naming/author.ts";

/** A change that was asked for, or a request that was refused for its rights. */
export interface AuditEntry {
  /** ISO 8601 with milliseconds, UTC. */
  at: string;
  /** The id of the request, which the log and the answer have too. */
  request: string;
  /** The sender; absent without a valid token. */
  by?: Author;
  /** The address of the client. */
  address?: string;
  method: string;
  /** The path of the route, with names of parameters; absent for an unknown path. */
  route?: string;
  name?: string;
  /** The version that was saved, or that the path names. */
  version?: string;
  alias?: string;
  /** True for a deletion that was only tried. */
  dryRun?: true;
  /** Bytes of the body, if the request told them. */
  bytes?: number;
  status: number;
  /** `failed` may have happened: the store or the service failed. */
  outcome: "done" | "refused" | "failed";
}

/**
 * Receives each entry before the request is answered. If it rejects, the answer is 503, and the
 * service refuses changes until an entry is taken again.
 */
export type AuditSink = (entry: AuditEntry) => void | Promise<void>;
