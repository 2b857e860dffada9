// The log of a name, and of all names.
import type { Author } from "../naming/author.ts";
import { type RequestRowOf, SIGNAL } from "./operations/row.ts";
import type { SignalOptions } from "./operations/saving.ts";

/** An event in the log of a name. */
export interface LogEntry {
  event: "saved" | "deleted" | "restored" | "aliased" | "unaliased" | "annotated";
  name: string;
  /** Full version without build metadata; absent for `unaliased` and the annotations of a name. */
  version?: string;
  /** For `aliased` and `unaliased`. */
  alias?: string;
  /**
   * By the clock of the machine that did it, unless the store received it earlier: then that clock
   * is wrong, and the time is the store's. So is that of an unreadable version.
   */
  at: Date;
  /** Bytes of a version that exists. */
  size?: number;
  /** For `annotated`: the notes and labels after the change. */
  notes?: string;
  labels?: Record<string, unknown>;
  /** The author, if known. */
  by?: Author;
  /** Id of the operation, a UUIDv7, if known. */
  commit?: string;
}

/** Options of `readLog`. */
export interface LogOptions extends SignalOptions {
  /** Maximum number of entries, newest first. @default all */
  limit?: number;
}

/** Options of `readRegistryLog`. */
export interface RegistryLogOptions extends LogOptions {
  /** Only changes at this time or later, by the clocks of the machines that made them. */
  since?: Date;
  /** Only changes at this time or earlier. */
  until?: Date;
  /** Only changes of the author with this name. */
  by?: string;
  /** Only changes of this kind. @default all */
  event?: LogEntry["event"];
  /** Only names for which it returns true. */
  names?: (name: string) => boolean;
}

/** All kinds of changes in a log. */
export const EVENTS: readonly LogEntry["event"][] = [
  "saved",
  "deleted",
  "restored",
  "aliased",
  "unaliased",
  "annotated",
];

export const REGISTRY_LOG: RequestRowOf<RegistryLogOptions> = {
  action: "list the log of the registry",
  takes: [],
  options: {
    since: { sent: "moment", doc: "Only changes at this time or later" },
    until: { sent: "moment", doc: "Only changes at this time or earlier" },
    by: { sent: "text", doc: "Only changes of the author with this name" },
    event: { sent: "text", among: EVENTS, doc: "Only changes of this kind" },
    names: {},
    limit: {},
    ...SIGNAL,
  },
  effect: "lists",
  route: {
    at: "GET /log",
    id: "getRegistryLog",
    tag: "artifacts",
    summary: "Lists the changes of all readable names, newest first",
    scope: "read",
  },
};

export const LOG: RequestRowOf<LogOptions> = {
  action: "list the log of",
  takes: ["name"],
  options: { limit: {}, ...SIGNAL },
  effect: "lists",
  route: {
    at: "GET /artifacts/:name/log",
    id: "getLog",
    tag: "artifacts",
    summary: "Lists the changes of a name: versions, aliases, deletions, newest first",
    scope: "read",
  },
};
