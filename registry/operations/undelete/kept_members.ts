// Members of a record that another record of the same version keeps: in a mirror, or restored.
import type { VersionRecord } from "../../../core/record.ts";

const REMADE: ReadonlySet<string> = new Set<keyof VersionRecord>([
  "format",
  "kind",
  "name",
  "version",
  "generation",
  "commit",
  "previous",
  "startedAt",
  "createdAt",
  "by",
  "materializer",
  "metadata",
  "inputs",
  "files",
  "fileList",
  "digest",
  "size",
  "key", // belongs to the operations of its registry
  "origin",
  "since",
]);

/** Returns all members, known or not, except those that are made anew. */
export function keptMembers(record: VersionRecord): Partial<VersionRecord> {
  return Object.fromEntries(Object.entries(record).filter(([member]) => !REMADE.has(member)));
}
