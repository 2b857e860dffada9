// The time when a version was first saved. Each record of its cell repeats it, because garbage
// collection removes the records between.
import type { TombstoneRecord, VersionRecord } from "../../core/record.ts";
import type { KnownHead } from "./cell.ts";

/** An unknown time: the version may have existed at any time. */
export const UNKNOWN: string = new Date(0).toISOString();

/** Returns `since` of the record to write above this head; undefined for the first record. */
export function sinceAbove(head: KnownHead | undefined): string | undefined {
  if (head === undefined) return undefined;
  const record = head.found?.record;
  if (record === undefined) return head.dead ? undefined : UNKNOWN;
  if (record.kind === "version" || record.kind === "deleted") return sinceOf(record);
  return inUtc(record.createdAt);
}

export function sinceOf(record: VersionRecord | TombstoneRecord): string {
  const { kind, since = kind === "deleted" ? UNKNOWN : record.createdAt } = record;
  return inUtc(since);
}

/** Returns the time of the first save; undefined if it is not known. */
export function firstSavedAt(record: VersionRecord | TombstoneRecord): Date | undefined {
  const since = sinceOf(record);
  return since === UNKNOWN ? undefined : new Date(since);
}

/** Normalizes a time: tombstones have little room, and other programs may write longer forms. */
export function inUtc(time: string): string {
  return new Date(time).toISOString();
}
