// Members of a record that another record of the same version keeps: in a mirror, or restored.
import type { StoredFile, VersionRecord } from "../../../core/record.ts";
import { FILE_MEMBERS } from "../../format/file_pages.ts";

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

const OF_FILE: ReadonlySet<string> = new Set(FILE_MEMBERS);

/**
 * Returns a function that copies the members that this release does not know from these files to
 * those with the same paths.
 */
export function keptFileMembers(
  source: readonly StoredFile[],
): (files: readonly StoredFile[]) => void {
  const kept = new Map<string, object>();
  for (const file of source) {
    const unknown = Object.entries(file).filter(([member]) => !OF_FILE.has(member));
    if (unknown.length > 0) kept.set(file.path, Object.fromEntries(unknown));
  }
  return (files) => {
    for (const file of kept.size > 0 ? files : []) Object.assign(file, kept.get(file.path));
  };
}
