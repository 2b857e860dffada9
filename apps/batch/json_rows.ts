// Rows of JSON lines (jsonlines.org): one object a line.
import { parseExactJson } from "../values/value_source.ts";
import { badRow } from "./raw_row.ts";
import type { RawRow } from "./raw_row.ts";

/** No row is longer, characters: what has no line ends is no manifest. */
const MAX_LINE = 64 * 1024 * 1024;

/** Reads rows; blank lines, and the sums at the end of what a batch says, are none. */
export async function* jsonRows(stream: ReadableStream<Uint8Array>): AsyncGenerator<RawRow> {
  let number = 0;
  for await (const line of linesOf(stream)) {
    number++;
    if (line.trim() !== "" && !line.startsWith(`{"summary":`)) yield rowOf(line, number);
  }
}

function rowOf(text: string, line: number): RawRow {
  try {
    const fields = parseExactJson(text);
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) {
      return { line, fields: fields as Record<string, unknown> };
    }
    return { line, error: badRow("it is not a JSON object") };
  } catch (cause) {
    return { line, error: badRow(`it is not JSON (${(cause as Error).message})`, cause) };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let begun = "";
  for await (const chunk of stream) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
    begun = lines.pop()!;
    if (begun.length > MAX_LINE) throw new RangeError("a line of it has no end");
    yield* lines;
  }
  begun += decoder.decode();
  if (begun !== "") yield begun;
}
