// JSON values for trees: exact numbers, and a limited number of bytes.
import type { ArtifactFile } from "../../artifact_file.ts";

/** Larger documents are shown as text. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** The beginning of a longer file of lines. */
const LINES_BYTES = 512 * 1024;

/** A number with more digits than JavaScript keeps, or one that JSON lacks: NaN, an infinity. */
export class ExactNumber {
  constructor(readonly text: string) {}
  toJSON(): string {
    return this.text;
  }
}

/**
 * Parses JSON, also with NaN and infinities as Python writes them. Whole numbers beyond 2^53 keep
 * their digits.
 */
export function parseJson(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    const marked = text.replaceAll(
      STRING_OR_NAME,
      (token) => token.startsWith('"') ? token : JSON.stringify(MARK + token),
    );
    if (marked === text) throw error;
    try {
      return JSON.parse(marked, markedNumber);
    } catch {
      throw error; // its position is that in the original text
    }
  }
}

/** A string, which may contain the names and have no end, or the name of a number that JSON lacks. */
const STRING_OR_NAME = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?\bInfinity\b|\bNaN\b/gs;
/** The beginning of strings that stand for these names. */
const MARK = "\0number ";

function markedNumber(key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "string" && value.startsWith(MARK)
    ? new ExactNumber(value.slice(MARK.length))
    : exactNumber(key, value, context);
}

function exactNumber(_: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{16,}$/.test(source) ? new ExactNumber(source) : value;
}

/** A parsed file, or the reason why it is shown as text. */
export type JsonFile = { value: unknown; note?: string } | { problem: string };

export function isJsonLines({ path, mediaType }: ArtifactFile): boolean {
  return /\.(jsonl|ndjson)$/i.test(path) || mediaType.startsWith("application/x-ndjson");
}

/** Reads a file of JSON, or the first lines of one with a value in each line. */
export async function readJson(file: ArtifactFile, signal?: AbortSignal): Promise<JsonFile> {
  try {
    if (isJsonLines(file)) return readLines(await file.text(LINES_BYTES, signal));
    if (file.size > MAX_JSON_BYTES) {
      return { problem: "A tree needs the whole document, and this one has more than 4 MiB." };
    }
    return { value: parseJson((await file.text(MAX_JSON_BYTES, signal)).text) };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return { problem: `This is not valid JSON, so it is shown as text: ${error.message}` };
  }
}

function readLines({ text, truncated }: { text: string; truncated: boolean }): JsonFile {
  const lines = text.split("\n");
  if (truncated) lines.pop();
  if (truncated && lines.length === 0) return { problem: "Its first line has more than 512 KiB." };
  const value = lines.filter((line) => line.trim() !== "").map(parseJson);
  return truncated ? { value, note: `Shown up to line ${value.length}.` } : { value };
}
