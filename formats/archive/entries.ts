// What archives hold: files, links and folders by path, how many and how large they may be, and
// what no archive may say.
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { linkTargetProblem } from "../../core/naming/file_paths.ts";
import { fault, messageOf, type RegistryError } from "../../core/errors.ts";
import {
  corruptFile,
  type FileFault,
  type UnsupportedFile,
  unsupportedFile,
} from "../content/file_faults.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";

export const corruptArchive: FileFault = corruptFile("archive");
export const unsupportedArchive: UnsupportedFile = unsupportedFile("archive");

/** Something in an archive. Its bytes are read when they are asked for, from the file that the archive is. */
export interface ArchiveEntry extends FileToDecode {
  /** Absent for an ordinary file; the bytes of a `link` are the path that it leads to, a `folder` has none. */
  readonly mode?: FileMode;
}

/** Something that is written to an archive. */
export interface EntryToSave {
  /** Relative path with `/`, without `.` and `..` segments. No two entries have the same. */
  path: string;
  /** The bytes; of a `link` the path that it leads to, of a `folder` absent. */
  content?: FileToSave["content"];
  mode?: FileMode;
}

/** What an archive is made of: such as are made for it, or those of another archive. */
export type EntriesToSave =
  | Iterable<ArchiveEntry | EntryToSave>
  | AsyncIterable<ArchiveEntry | EntryToSave>;

/** How much an archive may hold. What it says it holds is compared before any of it is read. */
export interface ArchiveLimits {
  /** The most entries. @default 100000 */
  maxEntries?: number;
  /** The most bytes of all entries together, unpacked. @default 68719476736 (64 GiB) */
  maxBytes?: number;
}

/** Entries that are allowed where nobody says. */
export const MAX_ENTRIES = 100_000;
/** Bytes of all entries that are allowed where nobody says. */
export const MAX_BYTES: number = 64 * 1024 ** 3;
/** The longest text of a link that is read or written, bytes. */
export const MAX_TARGET_BYTES = 4096;

/** A value that an archive does not hold as it is. */
export function unwritableArchive(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Unsupported",
    action: "write archive",
    state,
    hint:
      "An entry is { path, content, mode? }: its path is relative, and no other has it; its content is bytes, a Blob or a stream.",
    cause,
  });
}

/** Throws `Unsupported` where an archive says that it holds more than is allowed. */
export function checkLimits(
  path: string,
  said: { entries: number; bytes: number },
  { maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES }: ArchiveLimits,
): void {
  if (said.entries > maxEntries) {
    throw unsupportedArchive(
      path,
      `it says it has ${said.entries} entries, ${maxEntries} are allowed`,
      "Pass a larger maxEntries where the archive can be trusted.",
    );
  }
  if (said.bytes > maxBytes) {
    throw unsupportedArchive(
      path,
      `it says it has ${said.bytes} bytes, ${maxBytes} are allowed`,
      "Pass a larger maxBytes where the archive can be trusted.",
    );
  }
}

/**
 * The path of an entry, without `./` before it and `/` behind it, empty for the root. What could lead out of a folder,
 * and what has no place in a store, is `Corrupt`.
 */
export function entryPath(archive: string, said: string, place: number): string {
  try {
    return parsePath(said);
  } catch (error) {
    throw corruptArchive(archive, `entry ${place}: ${messageOf(error)}`, error);
  }
}

/** Why these cannot stand in one archive: two have one path, or one lies below what is no folder. */
export function entriesProblem(
  entries: readonly { path: string; mode?: FileMode }[],
): string | undefined {
  // In this order what is in a folder follows it at once: no path has a NUL.
  const sorted = entries.map(({ path, mode }) => ({ path: path.replaceAll("/", "\0"), mode }));
  sorted.sort((a, b) => compareUtf8(a.path, b.path));
  for (const [i, { path, mode }] of sorted.entries()) {
    const next = sorted[i + 1]?.path;
    if (next === path) return `it has ${shown(path.replaceAll("\0", "/"))} twice`;
    if (mode !== "folder" && next?.startsWith(`${path}\0`)) {
      return `${shown(next.replaceAll("\0", "/"))} lies below an entry that is no folder`;
    }
  }
}

/** Why a link at this path may not have these bytes as its text, or undefined where it may. */
export function linkProblem(path: string, text: Uint8Array): string | undefined {
  if (text.byteLength > MAX_TARGET_BYTES) return `its target has ${text.byteLength} bytes`;
  try {
    return linkTargetProblem(
      path,
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text),
    );
  } catch {
    return "its target is not UTF-8";
  }
}
