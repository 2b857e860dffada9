// JSON values for trees: exact numbers, and a limited number of bytes.
import { exactNumber } from "../../../../core/text/exact_number.ts";
import type { ArtifactFile } from "../../artifact_file.ts";

/** Larger documents are shown as text. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;
/** The beginning of a longer file of lines. */
const LINES_BYTES = 512 * 1024;

/** A number that JavaScript would show with other digits or another sign, or one that JSON lacks. */
export class ExactNumber {
  constructor(readonly text: string) {}
  /** Returns its text, without quotes where the browser can write that. */
  toJSON(): unknown {
    const { rawJSON } = JSON as { rawJSON?(text: string): unknown };
    return /\d/.test(this.text) ? rawJSON?.(this.text) ?? this.text : this.text;
  }
}

/**
 * Parses JSON, also with NaN and infinities as Python writes them. Numbers keep their digits, and -0
 * its sign.
 */
export function parseJson(text: string): unknown {
  try {
    return MAY_CHANGE.test(text) ? JSON.parse(text, ownNumber) : JSON.parse(text);
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

/** Parts of each text with a number that would change. */
const MAY_CHANGE = /\d[\d.]{15}|(?:^|[[:,\s])-0|\d[eE][+-]?\d/;

/** A string, which may contain the names and have no end, or the name of a number that JSON lacks. */
const STRING_OR_NAME = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?\bInfinity\b|\bNaN\b/gs;
/** The beginning of strings that stand for these names. */
const MARK = "\0number ";

function markedNumber(key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "string" && value.startsWith(MARK)
    ? new ExactNumber(value.slice(MARK.length))
    : ownNumber(key, value, context);
}

function ownNumber(_: string, value: unknown, { source = "" }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || source === "") return value;
  return Object.is(value, -0) || exactNumber(source) === "inexact"
    ? new ExactNumber(source)
    : value;
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
