// What is written to an archive, checked: whoever reads it is to find the same.
import { messageOf } from "../../core/errors.ts";
import { contentBytes } from "../content/content.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import { entriesProblem, linkProblem, unwritableArchive } from "./entries.ts";
import type { ArchiveEntry, EntriesToSave, EntryToSave } from "./entries.ts";

export interface WrittenEntry {
  path: string;
  mode?: FileMode;
  content: FileToSave["content"];
}

const MODES: readonly unknown[] = [
  undefined,
  "executable",
  "link",
  "folder",
] satisfies (FileMode | undefined)[];

/** Why a value is not what an archive is made of, a list of entries or what gives them one by one; undefined where it is. */
export function listProblem(value: unknown): string | undefined {
  const isList = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
  if (!isList) return "the value is no list of entries";
  return Array.isArray(value)
    ? value.map(entryProblem).find((problem) => problem !== undefined)
    : undefined;
}

/** The entries, one by one. Throws `Unsupported` for one that an archive does not hold, and for two that exclude each other. */
export async function* writtenEntries(
  entries: EntriesToSave,
  signal?: AbortSignal,
): AsyncGenerator<WrittenEntry> {
  const written: { path: string; mode?: FileMode }[] = [];
  for await (const entry of entries) {
    signal?.throwIfAborted();
    const problem = entryProblem(entry);
    if (problem !== undefined) throw unwritableArchive(problem);
    const { path, mode } = entry;
    written.push({ path, mode });
    yield { path, ...mode !== undefined && { mode }, content: await contentOf(entry, signal) };
  }
  const problem = entriesProblem(written);
  if (problem !== undefined) throw unwritableArchive(problem);
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
  throw unwritableArchive(`the link ${shown(entry.path)} is none: ${problem}`);
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
  if (typeof entry !== "object" || entry === null) return "an entry is no object";
  const { path, mode } = entry;
  try {
    if (parsePath(path) !== path || path === "") return `${shown(path)} is no path of an entry`;
  } catch (error) {
    return messageOf(error);
  }
  if (!MODES.includes(mode)) return `${shown(path)} has the unknown mode ${shown(String(mode))}`;
  const content = givenContent(entry);
  if (mode === "folder") return hasBytes(entry) ? `the folder ${shown(path)} has bytes` : undefined;
  return content === undefined
    ? `${shown(path)} has no content: bytes, a Blob, a stream or a source`
    : undefined;
}

function hasBytes(entry: ArchiveEntry | EntryToSave): boolean {
  return "content" in entry ? entry.content !== undefined : "size" in entry && entry.size > 0;
}
