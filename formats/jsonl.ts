/**
 * JSON Lines: one JSON value per line (https://jsonlines.org).
 *
 * @module
 */
import type { RegistryError } from "../core/errors.ts";
import { notPlain } from "./content/not_plain.ts";
import { corruptFile, unsupportedFile } from "./content/file_faults.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { endOfString, parsedJson } from "../core/text/json_text.ts";
import { MAX_DEPTH, plainProblem, type PlainValue } from "../core/text/plain_value.ts";
import { decodeText, encodeText, splitLines } from "./content/text_stream.ts";
import { untilAborted } from "../core/work/until_aborted.ts";
import { exactNumber } from "../core/text/exact_number.ts";

/** Longest line, characters. */
const MAX_LINE = 16 * 1024 * 1024;
const corrupt = corruptFile("JSON Lines", "Write one JSON value per line, in UTF-8.");
const inexact = unsupportedFile("JSON Lines", "Write such a number as a string.");

/**
 * Values as `.jsonl` files. Values that JSON cannot hold exactly (undefined, NaN, -0, bigint,
 * dates, classes) are `Unsupported`. Values may come from an iterator, which is written as a
 * stream. For files that do not fit into memory, use {@linkcode readJsonLines}.
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
export function jsonl(): Format<PlainValue[], Iterable<PlainValue> | AsyncIterable<PlainValue>> {
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
      if (text.length > MAX_LINE) {
        throw notPlain("JSON Lines", `value ${number} exceeds ${MAX_LINE} characters`);
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
        "Pass an array of values, one per line.",
      );
    },
    async decode(file, { signal } = {}) {
      const values: PlainValue[] = [];
      for await (const { value } of readJsonLines(file, { signal })) values.push(value);
      return values;
    },
  };
}

/**
 * Reads the values of a JSON Lines file one by one. Empty lines are skipped.
 *
 * @throws {RegistryError} `Corrupt` for a line that is not JSON or has a duplicate name in an
 * object, `Unsupported` for a number that JavaScript cannot represent; both with the line number
 */
export async function* readJsonLines(
  file: Pick<FileToDecode, "path" | "stream">,
  { signal }: FormatOptions = {},
): AsyncGenerator<{
  value: PlainValue;
  /** Its line number, from 1. */
  line: number;
}> {
  const refuse = (state: string, cause?: unknown) => corrupt(file.path, state, cause);
  const lines = splitLines(decodeText(file.stream(), { refuse, signal }), {
    maxCharacters: MAX_LINE,
    refuse: (line) => refuse(`line ${line} exceeds ${MAX_LINE} characters`),
  });
  for await (const { text: json, line } of lines) {
    if (/^[ \t\r]*$/.test(json)) continue;
    yield { value: parseLine(json, line, file.path), line };
  }
}

function parseLine(json: string, line: number, path: string): PlainValue {
  const value = parsedJson(json) as PlainValue | undefined;
  if (value === undefined) throw corrupt(path, `line ${line} is not JSON`);
  const problem = jsonProblem(json, value, (state) => inexact(path, `line ${line}: ${state}`));
  if (problem === undefined) return value;
  throw typeof problem === "string" ? corrupt(path, `line ${line}: ${problem}`) : problem;
}

function isIterable(values: unknown): boolean {
  return typeof values === "object" && values !== null &&
    (Symbol.iterator in values || Symbol.asyncIterator in values);
}

const QUOTE = 0x22;
const COLON = 0x3a;

/** Returns what a value lost of its text: a string, or an error made by `inexact`. */
function jsonProblem(
  json: string,
  value: PlainValue,
  inexact: (state: string) => RegistryError,
): string | RegistryError | undefined {
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
      return inexact(`${shown(number)} exceeds a 64-bit number`);
    }
  }
  const parsedNames = countNames(value, 0);
  if (parsedNames === undefined) return `it is nested more than ${MAX_DEPTH} levels deep`;
  return parsedNames === names ? undefined : "duplicate name in an object";
}

/** Returns true for digits and `+ - . e E`. */
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
