// The differences in the content of a file between two versions.
import { diffValues } from "../../mod.ts";
import type { FileChange, ValueChange } from "../../registry/mod.ts";
import type { FileInfo } from "../../materializers/mod.ts";
import { isRegistryError } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import type { TableDifference } from "./table_difference.ts";

/** The files of a compared version or folder. */
export interface ComparedFiles {
  readonly label: string;
  bytes(file: FileInfo): Promise<Uint8Array>;
}

export interface ContentDifference {
  /** Differences of JSON files. */
  values?: ValueChange[];
  /** The output of `diff -u` for other text files. */
  text?: string;
  /** Differences of tables, also of those whose lines are not compared. */
  rows?: TableDifference;
  /** Why the content was not compared. */
  problem?: string;
}

/** The used part of `apps/diff.ts`. */
interface DiffPart {
  unifiedDiff(
    before: { name: string; text: string },
    after: { name: string; text: string },
    options?: { timeoutMs?: number },
  ): string | undefined;
}

/**
 * Compares the content of a file: JSON by structure, other text by line, tables also by row.
 *
 * @param shown escapes labels and paths in the heading of a patch
 */
export async function differenceOf(
  change: FileChange,
  { before, after }: { before: ComparedFiles; after: ComparedFiles },
  shown: (text: string) => string,
  { maxBytes = 4 * 1024 * 1024, maxTableBytes = 64 * 1024 * 1024, timeoutMs }: {
    /** The largest file whose text is compared, bytes. @default 4194304 (4 Mi) */
    maxBytes?: number;
    /** The largest table whose rows are compared, bytes. @default 67108864 (64 Mi) */
    maxTableBytes?: number;
    /** The time limit of a comparison by line, milliseconds. @default 5000 */
    timeoutMs?: number;
  } = {},
): Promise<ContentDifference> {
  if (change.change === "renamed") return {};
  const [old, now] = await Promise.all([
    contentOf(change.before, before, maxBytes),
    contentOf(change.after, after, maxBytes),
  ]);
  const rows = await tableDifference(change, { before, after }, maxTableBytes);
  if (old.text !== undefined && now.text !== undefined) {
    if (change.change === "changed" && [change.before, change.after].every(isJson)) {
      const values = jsonDifference(old.text, now.text);
      if (values.length > 0) return { values };
    }
    const { unifiedDiff } = await loadPart<DiffPart>("../diff.ts", import.meta.url);
    const named = (side: ComparedFiles, file: FileInfo | undefined, text: string) => {
      const name = file === undefined ? "/dev/null" : shown(`${side.label} ${file.path}`);
      return { name, text };
    };
    const sides = [named(before, change.before, old.text), named(after, change.after, now.text)];
    const text = unifiedDiff(itemAt(sides, 0), itemAt(sides, 1), { timeoutMs });
    if (text !== undefined) return rows === undefined ? { text } : { text, rows };
  }
  return rows === undefined ? { problem: old.problem ?? now.problem ?? "too different" } : { rows };
}

/** Compares the rows of a changed table; undefined for other files, and larger or invalid ones. */
async function tableDifference(
  { change, before, after }: FileChange,
  sides: { before: ComparedFiles; after: ComparedFiles },
  maxBytes: number,
): Promise<TableDifference | undefined> {
  if (change !== "changed" || before === undefined || after === undefined) return undefined;
  const { compareTableFiles, isTable } = await import("./table_difference.ts");
  const isSmall = Math.max(before.size, after.size) <= maxBytes;
  if (!isSmall || ![before, after].every(({ path }) => isTable(path))) return undefined;
  const old = { path: before.path, bytes: await sides.before.bytes(before) };
  const now = { path: after.path, bytes: await sides.after.bytes(after) };
  try {
    return await compareTableFiles(old, now);
  } catch (error) {
    if (!isRegistryError(error, "Invalid", "Unsupported", "Corrupt")) throw error;
    return undefined; // not a table, in spite of its name
  }
}

/** Returns the text of a file, empty if missing; the reason if it is binary or too large. */
async function contentOf(
  file: FileInfo | undefined,
  side: ComparedFiles,
  maxBytes: number,
): Promise<{ text?: string; problem?: string }> {
  if (file === undefined || file.mode === "folder") return { text: "" };
  if (file.size > maxBytes) return { problem: `over ${maxBytes / 1024} KiB` };
  const bytes = await side.bytes(file);
  if (bytes.includes(0)) return { problem: "binary" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { problem: "binary" };
  }
}

function isJson(file: FileInfo | undefined): boolean {
  return /\.json$/i.test(file?.path ?? "") || file?.mediaType === "application/json";
}

/** Compares two JSON texts; returns nothing if one is invalid or has numbers that would change. */
function jsonDifference(before: string, after: string): ValueChange[] {
  try {
    return diffValues(parseExactJson(before), parseExactJson(after));
  } catch {
    return [];
  }
}
