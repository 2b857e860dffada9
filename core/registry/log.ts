// What happened to a name.
import type { SignalOptions } from "./saving.ts";

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
