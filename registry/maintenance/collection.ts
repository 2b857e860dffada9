/**
 * One run of the janitor, as its parts see it.
 *
 * @module
 */
import type { Context } from "../context.ts";

/** What the janitor removes. */
export type GarbageKind = "stage" | "generation" | "scrubbed" | "payload" | "upload";

/** One thing that the janitor removes. */
export interface GarbageItem {
  /** What it is: an unfinished write, a replaced record, a first record's content, payload, an upload or a mark. */
  what: GarbageKind;
  /** Its key. */
  key: string;
  /** Bytes that it frees. */
  size: number;
  /** Why nobody needs it. */
  why: string;
}

/** One run of the janitor. */
export interface Collection {
  /** The registry. */
  context: Context;
  /** Ends the run. */
  signal?: AbortSignal;
  /** Whether something that was written then is old: older than `graceMs` at the mark. */
  isOld(modifiedAt: number): boolean;
  /** Counts what goes, and says so. */
  count(item: GarbageItem): void;
  /** Removes objects, counts those that went, and reports the others. */
  remove(items: readonly GarbageItem[]): Promise<void>;
  /** Overwrites an object with less, and counts it, or reports that it could not. */
  replace(item: GarbageItem, replacement: Uint8Array): Promise<void>;
  /** Names a record that does not count. */
  foundVoid(key: string): void;
}
