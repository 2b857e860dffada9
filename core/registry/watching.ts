// What watching is told, and what it tells.
import type { SignalOptions } from "./saving.ts";

/** Options of watching. */
export interface WatchOptions extends SignalOptions {
  /** How often the store is asked, milliseconds. @default 2000 */
  intervalMs?: number;
}

/** A change of what `latest` is. */
export interface WatchEvent {
  name: string;
  /** The latest version, or undefined when none is left. */
  version?: string;
  commit?: string;
}
