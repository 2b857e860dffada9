// What happened to a name.
import type { Registry } from "../../core/registry.ts";
import type { SignalOptions } from "../../core/registry/saving.ts";

/** Something that happened to a name. */
export interface LogEntry {
  /** What: a version was saved or deleted, an alias was set or removed. */
  event: "saved" | "deleted" | "aliased" | "unaliased";
  name: string;
  /** The version, in full, without build metadata; absent where an alias was removed. */
  version?: string;
  /** The alias, of `aliased` and `unaliased`. */
  alias?: string;
  /** When, by the clock of who did it; of a version that cannot be read, when the store received it. */
  at: Date;
  /** Bytes of the files, of a version that is there. */
  size?: number;
  /** The operation that did it, a UUIDv7, where it is known. */
  commit?: string;
}

/** Options of `logOf`. */
export interface LogOptions extends SignalOptions {
  /** At most so many, the newest. @default all */
  limit?: number;
}

/** Reads what happened to a name, the newest first. */
export type ReadLog = (name: string, options: LogOptions) => AsyncIterable<LogEntry>;

const READ_LOG = Symbol("log");

/** Gives a registry whose records are elsewhere a way to read its log. A copy of the object does not have it. */
export function rememberLog(registry: Registry, read: ReadLog): void {
  Object.defineProperty(registry, READ_LOG, { value: read });
}

/** Returns how the log of a registry is read whose records are elsewhere. */
export function rememberedLog(registry: Registry): ReadLog | undefined {
  return (registry as { [READ_LOG]?: ReadLog })[READ_LOG];
}
