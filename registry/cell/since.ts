/**
 * When a version was saved for the first time. Each record of its cell carries that time to the next, because the
 * garbage collector removes the records between.
 *
 * @module
 */
import type { TombstoneRecord, VersionRecord } from "../../core/record/record.ts";
import type { KnownHead } from "./cell.ts";

/** The time that stands for an unknown one: nobody can tell that the version was not there. */
export const UNKNOWN = new Date(0).toISOString();

/** Returns `since` of a record that is written above this head; undefined where it is the first. */
export function sinceAbove(head: KnownHead | undefined): string | undefined {
  if (head === undefined) return undefined;
  const record = head.found?.record;
  if (record === undefined) return head.dead ? undefined : UNKNOWN;
  if (record.kind === "version" || record.kind === "deleted") return sinceOf(record);
  return inUtc(record.createdAt);
}

/** Returns when the version of this record was saved for the first time. */
export function sinceOf(record: VersionRecord | TombstoneRecord): string {
  const { kind, since = kind === "deleted" ? UNKNOWN : record.createdAt } = record;
  return inUtc(since);
}

/** The same time, undefined where it is not known. */
export function firstSavedAt(record: VersionRecord | TombstoneRecord): Date | undefined {
  const since = sinceOf(record);
  return since === UNKNOWN ? undefined : new Date(since);
}

/** Tombstones have little room, and other programs may write times at greater length. */
export function inUtc(time: string): string {
  return new Date(time).toISOString();
}
