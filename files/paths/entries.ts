// Entries of folders, in the same order and with the same paths in every store.
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import type { FileEntry } from "../../core/file_store.ts";
import { parsePath } from "../../core/naming/paths.ts";

/** An entry without details. */
export type NamedEntry = Pick<FileEntry, "path" | "kind">;

/** Orders entries by the UTF-8 bytes of their paths, folders with a trailing `/`. */
export function compareEntries(a: NamedEntry, b: NamedEntry): number {
  return compareUtf8(orderOf(a), orderOf(b));
}

/** Returns what entries are ordered by, as UTF-8 bytes. */
export function orderOf({ path, kind }: NamedEntry): string {
  return kind === "folder" ? `${path}/` : path;
}

/** True for names of other programs that are valid paths here. */
export function isPath(name: string): boolean {
  try {
    return name !== "" && parsePath(name) === name;
  } catch {
    return false;
  }
}
