// Checks of entries that are written to an archive, so that readers find the same.
import { messageOf } from "../../core/errors.ts";
import { contentBytes } from "../content/content.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import { entriesProblem, linkProblem, unwritable } from "./entries.ts";
import type { ArchiveEntry, EntriesToSave, EntryToSave } from "./entries.ts";

export interface WrittenEntry {
  path: string;
  mode?: FileMode;
  content: FileToSave["content"];
  /** @default the earliest time of the format */
  modifiedAt?: Date;
}

const MODES: readonly unknown[] = [undefined, "executable", "link", "folder"];

/** Returns why a value is not a list or iterator of entries, or undefined. */
export function listProblem(value: unknown): string | undefined {
  const isList = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
  if (!isList) return "the value is not a list of entries";
  return Array.isArray(value)
    ? value.map(entryProblem).find((problem) => problem !== undefined)
    : undefined;
}

/** Checks entries one by one. Throws `Unsupported` for an invalid or conflicting one. */
export async function* writtenEntries(
  entries: EntriesToSave,
  signal?: AbortSignal,
): AsyncGenerator<WrittenEntry> {
  const checked: { path: string; mode?: FileMode }[] = [];
  for await (const entry of entries) {
    signal?.throwIfAborted();
    const problem = entryProblem(entry);
    if (problem !== undefined) throw unwritable(problem);
    const { path, mode } = entry;
    checked.push({ path, mode });
    yield { path, ...mode !== undefined && { mode }, content: await contentOf(entry, signal) };
  }
  const problem = entriesProblem(checked);
  if (problem !== undefined) throw unwritable(problem);
}

async function contentOf(
  entry: ArchiveEntry | EntryToSave,
  signal?: AbortSignal,
): Promise<FileToSave["content"]> {
  if (entry.mode === "folder") return new Uint8Array();
  const content = givenContent(entry)!;
  if (entry.mode !== "link") return content;
  const text = await contentBytes(content, { signal });
  const problem = linkProblem(entry.path, text);
  if (problem === undefined) return text;
  throw unwritable(`invalid link ${shown(entry.path)}: ${problem}`);
}

function givenContent(entry: ArchiveEntry | EntryToSave): FileToSave["content"] | undefined {
  const content = "content" in entry ? entry.content : "stream" in entry ? entry : undefined;
  if (
    content instanceof Uint8Array || content instanceof Blob || content instanceof ReadableStream
  ) return content;
  return Number.isSafeInteger(content?.size) && typeof content?.stream === "function"
    ? content
    : undefined;
}

function entryProblem(entry: ArchiveEntry | EntryToSave): string | undefined {
  if (typeof entry !== "object" || entry === null) return "an entry is not an object";
  const { path, mode } = entry;
  try {
    if (parsePath(path) !== path || path === "") return `invalid path ${shown(path)} of an entry`;
  } catch (error) {
    return messageOf(error);
  }
  if (!MODES.includes(mode)) return `${shown(path)} has unknown mode ${shown(String(mode))}`;
  if (mode === "folder") {
    const hasBytes = "content" in entry
      ? entry.content !== undefined
      : "size" in entry && entry.size > 0;
    return hasBytes ? `folder ${shown(path)} has bytes` : undefined;
  }
  if (givenContent(entry) !== undefined) return undefined;
  return `${shown(path)} has no content: pass bytes, a Blob, a stream or a source`;
}
