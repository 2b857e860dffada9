// The operations of the actors in a simulation, and their results.
import type { SavedArtifact, SaveOptions } from "../../core/registry.ts";
import type { PruneOptions, PruneReport } from "../../extensions/maintenance/pruning/report.ts";
import { Bundle } from "./bundle.ts";

export type Request =
  | { verb: "save"; name: string; value: Bundle; options: SaveOptions }
  | { verb: "delete"; name: string; version: string; ifCommit?: string; force: boolean }
  | { verb: "undelete"; name: string; version: string }
  | { verb: "setAlias"; name: string; alias: string; version: string; expected?: string | null }
  | { verb: "deleteAlias"; name: string; alias: string }
  | { verb: "load"; name: string; ref: string }
  | { verb: "open"; name: string; ref: string }
  | { verb: "versions"; name: string }
  | { verb: "ask"; name: string; ref: string; asOf: Date }
  | { verb: "collect"; forget: boolean }
  | { verb: "changeGrace"; graceMs: number }
  | { verb: "copy"; name: string; options: SaveOptions; from: { name: string; ref: string } }
  | {
    verb: "commitDraft";
    name: string;
    options: SaveOptions;
    id: string;
    parts?: readonly string[];
  }
  | { verb: "addPart"; name: string; id: string; part: string }
  | { verb: "discardDraft"; name: string; id: string }
  | { verb: "appendPiece"; id: string; offset: number; bytes: number }
  | { verb: "uploadOffset"; id: string }
  | { verb: "readUpload"; id: string }
  | { verb: "saveMany" | "loadMany"; parts: number }
  | { verb: "deleteAll"; name: string; force: boolean }
  | { verb: "prune"; options: PruneOptions }
  | { verb: "mirror"; from: string; deleted: boolean };

export type Saving = Extract<Request, { options: SaveOptions; name: string }>;

export function isSaving(request: Request): request is Saving {
  return ["save", "copy", "commitDraft"].includes(request.verb);
}

/** The part of the report of a mirror that the checks need. */
export interface MirroredNames {
  readonly failures: readonly { name: string; version?: string; alias?: string }[];
}

export type Outcome =
  | { ok: true; saved: SavedArtifact }
  | { ok: true; done: boolean }
  | { ok: true; offset: number }
  | { ok: true; read: ReadResult }
  | { ok: true; versions: string[] }
  | { ok: true; pruned: PruneReport }
  | { ok: true; mirrored: MirroredNames }
  | { ok: false; error: unknown };

export interface ReadResult {
  label: string;
  commit?: string;
  version?: string;
}

export interface Instant {
  order: number;
  at: number;
}

export interface LoggedOperation {
  id: number;
  actor: string;
  site: string;
  request: Request;
  invoked: Instant;
  returned?: Instant;
  outcome?: Outcome;
  aborted: boolean;
  undisturbed: boolean;
  /** Skew of the wall clock of its process, milliseconds. */
  skewMs: number;
  cached: boolean;
  parts: LoggedOperation[];
  lateSends: string[];
}

export type Beginning = Pick<
  LoggedOperation,
  "actor" | "site" | "undisturbed" | "skewMs" | "cached"
>;

export interface OperationLog {
  readonly operations: readonly LoggedOperation[];
  begin(request: Request, beginning: Beginning): LoggedOperation;
  end(operation: LoggedOperation, outcome: Outcome): void;
  claim(id: string, operation: LoggedOperation): void;
  listen(listener: (operation: LoggedOperation) => void): void;
  ownerOf(id: string): LoggedOperation | undefined;
}

export function createOperationLog(instant: () => Instant): OperationLog {
  const operations: LoggedOperation[] = [];
  const owners = new Map<string, LoggedOperation>();
  const listeners: ((operation: LoggedOperation) => void)[] = [];
  return {
    operations,
    begin(request, { actor, site, undisturbed, skewMs, cached }) {
      const id = operations.length + 1;
      const who = { actor, site, undisturbed, skewMs, cached };
      const operation = {
        ...who,
        id,
        request,
        invoked: instant(),
        aborted: false,
        parts: [],
        lateSends: [],
      };
      operations.push(operation);
      return operation;
    },
    end(operation, outcome) {
      operation.returned = instant();
      operation.outcome = outcome;
      for (const listener of listeners) listener(operation);
    },
    listen: (listener) => void listeners.push(listener),
    claim: (id, operation) => void owners.set(id, operation),
    ownerOf: (id) => owners.get(id),
  };
}

export function describeOperation({ id, actor, site, request, outcome }: LoggedOperation): string {
  return `#${id} ${actor}${site === "main" ? "" : ` (${site})`} ${describeRequest(request)} -> ${
    outcome === undefined ? "(no answer)" : describeOutcome(outcome)
  }`;
}

function describeRequest({ verb, ...details }: Request): string {
  return `${verb} ${JSON.stringify(details, inShort)}`;
}

function describeOutcome(outcome: Outcome): string {
  if (!outcome.ok) return describeError(outcome.error);
  const { ok: _, ...details } = outcome;
  return JSON.stringify(details, inShort);
}

function inShort(_key: string, value: unknown): unknown {
  if (value instanceof Bundle) return value.label;
  return value instanceof Error ? describeError(value) : value;
}

export function describeError(error: unknown): string {
  const { name, code, message } = (error ?? {}) as {
    name?: string;
    code?: string;
    message?: string;
  };
  return `${code ?? name ?? typeof error}: ${message ?? String(error)}`;
}
