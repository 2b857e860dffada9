// Members of a record that another record of the same version keeps: in a mirror, or restored.
import type { VersionRecord } from "../../../core/record.ts";

/** The members that records of all kinds have. */
export const OF_ALL_KINDS = [
  "format",
  "kind",
  "generation",
  "commit",
  "previous",
  "startedAt",
  "createdAt",
  "by",
  "origin",
] as const;

const REMADE: ReadonlySet<string> = new Set<keyof VersionRecord>([
  ...OF_ALL_KINDS,
  "name",
  "version",
  "metadata",
  "inputs",
  "files",
  "fileList",
  "digest",
  "size",
  "key", // belongs to the operations of its registry
  "since",
]);

/** Returns all members, known or not, except those that are made anew. */
export function keptMembers(record: VersionRecord): Partial<VersionRecord> {
  return Object.fromEntries(Object.entries(record).filter(([member]) => !REMADE.has(member)));
}
