/**
 * JSON Lines: one JSON text a line (https://jsonlines.org).
 *
 * @module
 */
import { fault, type RegistryError } from "../core/errors.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { endOfString, parseJson } from "../core/text/json_text.ts";
import { MAX_DEPTH, notPlain, plainProblem, type PlainValue } from "../core/text/plain_value.ts";
import { decodeText, encodeText, splitLines } from "./content/text_stream.ts";
import { untilAborted } from "../core/work/until_aborted.ts";
import { exactNumber } from "./content/exact_number.ts";

/** Options of {@linkcode jsonl} and {@linkcode readJsonLines}. */
export interface JsonLinesOptions {
  /** No line is longer, characters. @default 16777216 (16 Mi) */
  maxLineCharacters?: number;
}

/** A value of JSON Lines. */
export interface JsonLine {
  value: PlainValue;
  /** The line that it stands in, from 1. */
  line: number;
}

const MAX_LINE = 16 * 1024 * 1024;

/**
 * Values as `.jsonl` files, exactly: what JSON cannot hold (undefined, NaN, -0, bigint, dates, classes) is
 * `Unsupported`. Values may also come from an iterator, and go out as a stream; {@linkcode readJsonLines} reads a file
 * that does not fit into memory.
 *
 * @example
 * ```ts
 * import { jsonl } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await jsonl().encode([{ id: 1 }, ["two"], null]) as Uint8Array;
 * assertEquals(new TextDecoder().decode(bytes), '{"id":1}\n["two"]\nnull\n');
 * ```
 */
export function jsonl(
  options: JsonLinesOptions = {},
): Format<PlainValue[], Iterable<PlainValue> | AsyncIterable<PlainValue>> {
  const { maxLineCharacters = MAX_LINE } = options;

  async function* lines(
    values: Iterable<PlainValue> | AsyncIterable<PlainValue>,
    signal?: AbortSignal,
  ): AsyncGenerator<string> {
    let number = 0;
    for await (const value of untilAborted(values, signal)) {
      signal?.throwIfAborted();
      number++;
      const problem = plainProblem(value);
      if (problem !== undefined) throw notPlain("JSON Lines", `value ${number}: ${problem}`);
      const text = JSON.stringify(value);
      if (text.length > maxLineCharacters) {
        throw notPlain(
          "JSON Lines",
          `value ${number}: it has more than ${maxLineCharacters} characters`,
        );
      }
      yield `${text}\n`;
    }
  }

  return {
    id: "jsonl",
    extensions: [".jsonl", ".ndjson"],
    mediaType: "application/jsonl",
    accepts: (value) => Array.isArray(value) && plainProblem(value) === undefined,
    encode(values, { signal } = {}) {
      if (isIterable(values)) return encodeText(lines(values, signal));
      throw notPlain(
        "JSON Lines",
        "it is neither an array nor an iterator",
        "It is an array of values, one a line.",
      );
    },
    async decode(file, { signal } = {}) {
      const values: PlainValue[] = [];
      for await (const { value } of readJsonLines(file, { ...options, signal })) values.push(value);
      return values;
    },
  };
}

/**
 * The values of a file of JSON Lines, one after the other. Empty lines are none.
 *
 * @throws {RegistryError} `Corrupt` for a line that is no JSON, or has a name twice in one object; `Unsupported` for one
 * with a number that JavaScript has not; both with the number of the line
 */
export async function* readJsonLines(
  file: Pick<FileToDecode, "path" | "stream">,
  { maxLineCharacters = MAX_LINE, signal }: JsonLinesOptions & FormatOptions = {},
): AsyncGenerator<JsonLine> {
  const refuse = (state: string, cause?: unknown) => corrupt(file.path, state, cause);
  const text = decodeText(file.stream(), { refuse, signal });
  const tooLong = (line: number) =>
    refuse(`line ${line} is longer than ${maxLineCharacters} characters`);
  for await (
    const { text: json, line } of splitLines(text, {
      maxCharacters: maxLineCharacters,
      refuse: tooLong,
    })
  ) {
    if (/^[ \t\r]*$/.test(json)) continue;
    yield { value: parseLine(json, line, file.path), line };
  }
}

function parseLine(json: string, line: number, path: string): PlainValue {
  let value: PlainValue;
  try {
    value = parseJson(json) as PlainValue;
  } catch { // its message would quote the text
    throw corrupt(path, `line ${line} is no JSON`);
  }
  const problem = jsonProblem(json, value);
  if (problem === undefined) return value;
  if (!problem.isInexact) throw corrupt(path, `line ${line}: ${problem.state}`);
  throw fault({
    code: "Unsupported",
    action: "read",
    subject: shown(path),
    state: `line ${line}: ${problem.state}`,
    hint: "Write such a number as a text.",
  });
}

function isIterable(values: unknown): boolean {
  return typeof values === "object" && values !== null &&
    (Symbol.iterator in values || Symbol.asyncIterator in values);
}

function corrupt(path: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read JSON Lines",
    subject: shown(path),
    state,
    hint: "Each line is one JSON text, in UTF-8.",
    cause,
  });
}

interface JsonProblem {
  state: string;
  isInexact: boolean;
}

const QUOTE = 0x22;
const COLON = 0x3a;

/** What was lost of a text of which this value was made. */
function jsonProblem(json: string, value: PlainValue): JsonProblem | undefined {
  let names = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(json, at);
    else if (unit === COLON) names++;
    else if (isOfNumber(unit)) {
      const start = at;
      while (isOfNumber(json.charCodeAt(at + 1))) at++;
      const number = json.slice(start, at + 1);
      if (exactNumber(number) !== "inexact" || !/\d/.test(number)) continue; // the `e` of `true`
      return {
        state: `${shown(number)} is more than a number of 64 bits can hold`,
        isInexact: true,
      };
    }
  }
  const found = countNames(value, 0);
  if (found === undefined) {
    return { state: `it is nested more than ${MAX_DEPTH} levels deep`, isInexact: false };
  }
  return found === names
    ? undefined
    : { state: "a name is there twice in one object", isInexact: false };
}

/** True for digits and `+ - . e E`. */
function isOfNumber(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2d || unit === 0x2e ||
    (unit | 0x20) === 0x65;
}

function countNames(value: PlainValue, depth: number): number | undefined {
  if (typeof value !== "object" || value === null) return 0;
  if (depth >= MAX_DEPTH) return undefined;
  let names = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    const inside = countNames(member, depth + 1);
    if (inside === undefined) return undefined;
    names += inside;
  }
  return names;
}
