// The differences in the content of a file between two versions.
import { diffValues } from "../../mod.ts";
import type { FileChange, ValueChange } from "../../registry/mod.ts";
import type { FileInfo } from "../../materializers/mod.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import { loadPart } from "../../core/urls/load_part.ts";

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
 * Compares the content of a file: JSON by structure, other text by line.
 *
 * @param shown escapes labels and paths in the heading of a patch
 */
export async function differenceOf(
  change: FileChange,
  { before, after }: { before: ComparedFiles; after: ComparedFiles },
  shown: (text: string) => string,
  { maxBytes = 4 * 1024 * 1024, timeoutMs }: {
    /** The largest file whose content is compared, bytes. @default 4194304 (4 Mi) */
    maxBytes?: number;
    /** The time limit of a comparison by line, milliseconds. @default 5000 */
    timeoutMs?: number;
  } = {},
): Promise<ContentDifference> {
  if (change.change === "renamed") return {};
  const [old, now] = await Promise.all([
    textOf(change.before, before, maxBytes),
    textOf(change.after, after, maxBytes),
  ]);
  if (old === undefined || now === undefined) return {};
  if (change.change === "changed" && [change.before, change.after].every(isJson)) {
    const values = jsonDifference(old, now);
    if (values.length > 0) return { values };
  }
  const { unifiedDiff } = await loadPart<DiffPart>("../diff.ts", import.meta.url);
  const named = (side: ComparedFiles, file: FileInfo | undefined, text: string) => {
    const name = file === undefined ? "/dev/null" : shown(`${side.label} ${file.path}`);
    return { name, text };
  };
  const [one, other] = [named(before, change.before, old), named(after, change.after, now)];
  return { text: unifiedDiff(one, other, { timeoutMs }) };
}

/** Returns the text of a file, empty if missing; undefined if it is binary or too large. */
async function textOf(
  file: FileInfo | undefined,
  side: ComparedFiles,
  maxBytes: number,
): Promise<string | undefined> {
  if (file === undefined || file.mode === "folder") return "";
  if (file.size > maxBytes) return undefined;
  const bytes = await side.bytes(file);
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
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
