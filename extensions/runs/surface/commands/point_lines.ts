// Lines of a program that logs, and the points among them.
import { Buffer, isUtf8 } from "node:buffer";
import { invalid } from "../../../../apps/cli/extending.ts";
import { isRegistryError, parseExactJson, quoteNotFinite } from "../../../../core/kernel.ts";
import type { RunName, RunValues } from "../../mod.ts";

/** Bytes of a line; the rest of a longer one is another line. */
const MOST_LINE = 4 * 1024 * 1024;
const decoder = new TextDecoder(); // removes a byte order mark

/** Yields lines as bytes: those that are printed may have any. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = ""; // a character for each byte
  for await (const { buffer, byteOffset, byteLength } of stream) {
    const lines = (rest + Buffer.from(buffer, byteOffset, byteLength).toString("latin1"))
      .split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield Buffer.from(line, "latin1");
    if (rest.length <= MOST_LINE) continue;
    yield Buffer.from(rest, "latin1");
    rest = "";
  }
  if (rest !== "") yield Buffer.from(rest, "latin1");
}

export interface PointLine {
  text: string;
  point: RunValues;
}

/**
 * Returns the point of a line, also with NaN and infinities as Python writes them; undefined for
 * other lines.
 *
 * @throws {RegistryError} `Invalid` for an object that would be changed
 */
export function pointOf(line: Buffer): PointLine | undefined {
  const text = decoder.decode(line);
  if (!/^\s*\{/.test(text) || keptRun(text) !== undefined) return undefined;
  const json = quoteNotFinite(text);
  let point: RunValues;
  try {
    point = parseExactJson(json) as RunValues;
  } catch (error) {
    if (isRegistryError(error)) throw error;
    return undefined;
  }
  if (isUtf8(line)) return { text: json, point };
  throw invalid("log a point", "it is not UTF-8", "Write names in UTF-8.");
}

/** Returns the run of kept points by their first line; undefined for other lines. */
export function keptRun(line: string): RunName | undefined {
  if (!line.startsWith('{"kept":{')) return undefined;
  try {
    const { kept: { name, id } } = JSON.parse(line);
    return typeof name === "string" && typeof id === "string" ? { name, id } : undefined;
  } catch {
    return undefined; // not JSON, or without the member
  }
}
