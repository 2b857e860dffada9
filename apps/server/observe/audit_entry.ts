// Entries of the audit trail.
import type { Author } from "../../../core/naming/author.ts";

/** The subject of a request, beside a name and its version. */
export interface AuditSubject {
  /** The id of a draft. */
  draft?: string;
  /** The part of a draft. */
  part?: string;
  /** The pattern of a changed rule. */
  rule?: string;
  /** The conditions of a rule that the version of an alias did not meet, with its values. */
  unmet?: string;
  /** Those of gateways, such as the id of a `job` or of a `run`. */
  [name: string]: string | undefined;
}

/** A change, or a request that was refused for its token or its rights. */
export interface AuditEntry extends Pick<AuditSubject, "draft" | "part" | "rule" | "unmet"> {
  /** ISO 8601 with milliseconds, UTC. */
  at: string;
  /** The id of the request, as in the log and in `x-request-id`. */
  request: string;
  /** The sender; absent without a valid token. */
  by?: Author;
  /** The identity provider of the sender; absent for stored tokens. */
  issuer?: string;
  /** The address of the client. */
  address?: string;
  method: string;
  /** The path of the route, with names of parameters; absent for an unknown path. */
  route?: string;
  name?: string;
  /** The version that was saved, or that the path names. */
  version?: string;
  /** The alias that the path names, or those that a save sets. */
  aliases?: readonly string[];
  /** True for a deletion with `dryRun`, and for a save that was only checked. */
  dryRun?: true;
  /** Bytes of the body, if the request has a `content-length`. */
  bytes?: number;
  status: number;
  /** `failed`: the store or the service failed, and the change may have been made. */
  outcome: "done" | "refused" | "failed";
  /** Other members of its {@linkcode AuditSubject}. */
  [name: string]: unknown;
}

/**
 * Receives each entry before the request is answered. If it rejects, the answer is 503, and the
 * service refuses changes until it accepts entries again.
 */
export interface AuditSink {
  (entry: AuditEntry): void | Promise<void>;
  /**
   * Rejects while entries cannot be written. Called before the first change, and for `/ready`.
   *
   * @default entries themselves show it
   */
  check?(): void | Promise<void>;
}

/** Longer texts, as JSON, are cut: those of valid names, versions, aliases and ids are shorter. */
const MOST_TEXT = 300;
const SHOWN = 50;

/** Returns an entry with texts of a limited size, whatever the request names. */
export function boundedEntry(entry: AuditEntry): AuditEntry {
  return bounded(entry) as AuditEntry;
}

function bounded(value: unknown): unknown {
  if (typeof value === "string") {
    if (value.length < SHOWN || JSON.stringify(value).length <= MOST_TEXT) return value;
    return `${value.slice(0, SHOWN)}… (${value.length} characters)`;
  }
  if (Array.isArray(value)) return value.map(bounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bounded(each)]));
}
