// Options and events of watching.
import type { SignalOptions } from "./operations/saving.ts";

/** Options of {@linkcode Registry.watch}. */
export interface WatchOptions extends SignalOptions {
  /** Interval of polling, milliseconds. @default 2000 */
  intervalMs?: number;
}

/** A change of the latest version. */
export interface WatchEvent {
  name: string;
  /** The latest version, or undefined if none is left. */
  version?: string;
  commit?: string;
}
