/**
 * Where a cache keeps what. FORMAT.md says the same in words. Nothing that a person chose is in these keys: they are
 * made of digests and ids.
 *
 * @module
 */
import { sha256 } from "../../core/digest.ts";

/** Plain files by their SHA-256, of all registries. */
export const FILES = "files/";
/** Records by the id of their registry. */
export const RECORDS = "records/";
/** What was used when. */
export const USES = "uses/";
/** Room that running programs have set aside. */
export const RESERVED = "reserved/";

/** The key of a plain file. */
export function fileKey(digest: string): string {
  return `${FILES}${digest.slice(0, 2)}/${digest}`;
}

/** Where the records of a registry are. */
export function recordsOf(registryId: string): string {
  return `${RECORDS}${registryId}/`;
}

/** What tells the records of one cell from all others: copies of a registry have its id, and lie elsewhere. */
export interface CachedCell {
  /** The registry's id. */
  id: string;
  /** Where its store is. */
  location: string;
  /** The cell's prefix there. */
  cell: string;
}

/** The key of the record that counts in a cell. */
export function recordEntryKey({ id, location, cell }: CachedCell): string {
  const digest = sha256(`${location}\n${cell}`);
  return `${recordsOf(id)}${digest.slice(0, 2)}/${digest}`;
}
