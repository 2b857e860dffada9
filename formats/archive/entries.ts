// Entries of archives: files, links and folders by path, their limits, and unsafe entries.
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { linkTargetProblem } from "../../core/naming/file_paths.ts";
import { fault, messageOf, type RegistryError } from "../../core/errors.ts";
import { corruptFile, unsupportedFile } from "../content/file_faults.ts";
import type { FileFault, UnsupportedFile } from "../content/file_faults.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";

export const corrupt: FileFault = corruptFile("archive");
export const unsupported: UnsupportedFile = unsupportedFile("archive");

/** An entry of an archive. Its bytes are read from the archive on demand. */
export interface ArchiveEntry extends FileToDecode {
  /** Absent for an ordinary file. The bytes of a `link` are its target, a `folder` has none. */
  readonly mode?: FileMode;
}

/** An entry that is written to an archive. */
export interface EntryToSave {
  /** Unique relative path with `/`, without `.` and `..` segments. */
  path: string;
  /** The bytes; for a `link` its target, for a `folder` absent. */
  content?: FileToSave["content"];
  mode?: FileMode;
}

/** The entries of a new archive; those of another archive can be reused. */
export type EntriesToSave =
  | Iterable<ArchiveEntry | EntryToSave>
  | AsyncIterable<ArchiveEntry | EntryToSave>;

/** Limits of an archive, checked against its headers before contents are read. */
export interface ArchiveLimits {
  /** Maximum number of entries. @default 100000 */
  maxEntries?: number;
  /** Maximum bytes of all entries, unpacked. @default 68719476736 (64 GiB) */
  maxBytes?: number;
}

export const MAX_ENTRIES = 100_000;
/** Longest target of a link, bytes. */
export const MAX_TARGET_BYTES = 4096;

/** Makes the error of a value that an archive cannot hold. */
export function unwritable(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Unsupported",
    action: "write archive",
    state,
    hint: "Pass entries { path, content, mode? } with unique relative paths.",
    cause,
  });
}

/** Throws `Unsupported` for an archive that declares more than its limits. */
export function checkLimits(
  path: string,
  { entries, bytes }: { entries: number; bytes: number },
  { maxEntries = MAX_ENTRIES, maxBytes = 64 * 1024 ** 3 }: ArchiveLimits,
): void {
  const check = (count: number, unit: string, most: number, option: string) => {
    if (count <= most) return;
    const hint = `Pass a larger ${option} if you trust the archive.`;
    throw unsupported(path, `it declares ${count} ${unit}, ${most} are allowed`, hint);
  };
  check(entries, "entries", maxEntries, "maxEntries");
  check(bytes, "bytes", maxBytes, "maxBytes");
}

/**
 * Parses the path of an entry, without a leading `./` and a trailing `/`, empty for the root.
 * Unsafe paths, and those that no store accepts, are `Corrupt`.
 */
export function entryPath(archive: string, recordedPath: string, place: number): string {
  try {
    return parsePath(recordedPath);
  } catch (error) {
    throw corrupt(archive, `entry ${place}: ${messageOf(error)}`, error);
  }
}

/** Returns why entries exclude each other: two have one path, or one lies below a file or link. */
export function entriesProblem(
  entries: readonly { path: string; mode?: FileMode }[],
): string | undefined {
  // A NUL, which no path contains, sorts the content of a folder directly behind it.
  const sorted = entries.map(({ path, mode }) => ({ path: path.replaceAll("/", "\0"), mode }));
  sorted.sort((a, b) => compareUtf8(a.path, b.path));
  for (const [i, { path, mode }] of sorted.entries()) {
    const next = sorted[i + 1]?.path;
    if (next === path) return `duplicate entry ${shown(path.replaceAll("\0", "/"))}`;
    if (mode !== "folder" && next?.startsWith(`${path}\0`)) {
      return `${shown(next.replaceAll("\0", "/"))} lies below an entry that is not a folder`;
    }
  }
}

/** Returns why a link at this path may not have this target, or undefined. */
export function linkProblem(path: string, text: Uint8Array): string | undefined {
  if (text.byteLength > MAX_TARGET_BYTES) return `its target has ${text.byteLength} bytes`;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return linkTargetProblem(path, decoder.decode(text));
  } catch {
    return "its target is not UTF-8";
  }
}
