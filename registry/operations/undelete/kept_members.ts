// Members of a record that another record of the same version keeps: in a mirror, or restored.
import type { StoredFile, VersionRecord } from "../../../core/record.ts";

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

const OF_FILE: ReadonlySet<string> = new Set<keyof StoredFile>([
  "path",
  "size",
  "sha256",
  "mediaType",
  "mode",
  "modifiedAt",
  "encoding",
  "from",
  "parts",
  "chunks",
  "inline",
]);

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
