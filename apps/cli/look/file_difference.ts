// How the content of a file differs: JSON by its structure, text line by line.
import { diffValues } from "../../../mod.ts";
import type { FileChange, ValueChange } from "../../../registry/mod.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import { printable } from "../terminal/table.ts";
import type { DiffSide } from "./diff_sides.ts";

export interface ContentDifference {
  /** Of JSON: where it differs. */
  values?: ValueChange[];
  /** Of other text: as `diff -u` says it. */
  text?: string;
}

/** Longer files are not looked into. */
const MOST_BYTES = 4 * 1024 * 1024;

export async function differenceOf(
  change: FileChange,
  { before, after }: { before: DiffSide; after: DiffSide },
): Promise<ContentDifference> {
  if (change.change === "renamed") return {};
  const [old, now] = await Promise.all([
    textOf(change.before, before),
    textOf(change.after, after),
  ]);
  if (old === undefined || now === undefined) return {};
  if (change.change === "changed" && [change.before, change.after].every(isJson)) {
    const values = jsonDifference(old, now);
    if (values !== undefined) return { values };
  }
  const { unifiedDiff } = await loadPart<DiffPart>("../../diff.ts", import.meta.url);
  const named = (side: DiffSide, file: FileInfo | undefined) =>
    file === undefined ? "/dev/null" : printable(`${side.label} ${file.path}`);
  return {
    text: unifiedDiff({ name: named(before, change.before), text: old }, {
      name: named(after, change.after),
      text: now,
    }),
  };
}

/** What is used of `apps/diff.ts`. */
interface DiffPart {
  unifiedDiff(
    before: { name: string; text: string },
    after: { name: string; text: string },
  ): string | undefined;
}

/** The text of a file, empty where there is none; undefined where it is none, or too long. */
async function textOf(file: FileInfo | undefined, side: DiffSide): Promise<string | undefined> {
  if (file === undefined || file.mode === "folder") return "";
  if (file.size > MOST_BYTES) return undefined;
  const bytes = await side.bytes(file);
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // it is no text
  }
}

function isJson(file: FileInfo | undefined): boolean {
  return /\.json$/i.test(file?.path ?? "") || file?.mediaType === "application/json";
}

/** Undefined where one of them is no JSON, or both say the same in other words. */
function jsonDifference(before: string, after: string): ValueChange[] | undefined {
  try {
    const values = diffValues(JSON.parse(before), JSON.parse(after));
    return values.length > 0 ? values : undefined;
  } catch {
    return undefined;
  }
}
