/**
 * Rows of CSV (RFC 4180), piece by piece.
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "npm:csv-parse@^7";
import { RegistryError } from "../core/errors.ts";

/** Options of {@linkcode parseCsv}. */
export interface ParseCsvOptions {
  /** No row is longer, characters: an opened quote that is never closed is no row. @default 67108864 (64 Mi) */
  maxRowCharacters?: number;
}

/** A row of CSV. */
export interface CsvRow {
  /** Its cells, without the quotes around them. */
  cells: string[];
  /** The line that it ends in, from 1. */
  line: number;
}

/**
 * Reads the rows of CSV, also those of the heading, whatever their lengths; empty lines are none. Text is UTF-8, or
 * UTF-16 with its mark. What the stream fails with is thrown as it is.
 *
 * @throws {RegistryError} `Invalid` for what is no CSV or no text
 *
 * @example
 * ```ts
 * import { parseCsv } from "@holdfast/holdfast/formats/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = await Array.fromAsync(parseCsv(new Blob(['name,note\na,"b, c"\n']).stream()));
 * assertEquals(rows.map(({ cells }) => cells), [["name", "note"], ["a", "b, c"]]);
 * ```
 */
export async function* parseCsv(
  stream: ReadableStream<Uint8Array>,
  { maxRowCharacters = 64 * 1024 * 1024 }: ParseCsvOptions = {},
): AsyncGenerator<CsvRow> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: maxRowCharacters,
  });
  pipeline(Readable.from(checked(stream), { objectMode: true }), parser, () => {}); // the loop below throws a failure
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { cells: record, line: info.lines };
    }
  } catch (error) {
    throw error instanceof CsvError ? noCsv(error) : error;
  }
}

/** UTF-16 has a mark, which the parser knows; anything else is UTF-8, or no text. */
async function* checked(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | undefined;
  let isFirst = true;
  for await (const chunk of stream) {
    const isWide = isFirst && (chunk[0] === 0xfe || chunk[0] === 0xff);
    if (isFirst && !isWide) decoder = new TextDecoder("utf-8", { fatal: true });
    isFirst = false;
    decode(decoder, chunk);
    yield chunk;
  }
  decode(decoder);
}

function decode(decoder: TextDecoder | undefined, chunk?: Uint8Array): void {
  try {
    decoder?.decode(chunk, { stream: chunk !== undefined });
  } catch (error) {
    throw noCsv(error as Error);
  }
}

function noCsv(cause: Error): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot read CSV: ${cause.message.replace(/\.$/, "")}`,
    hint: "A cell with a comma, a quote or a line break stands in quotes, and a quote in it is doubled; text is UTF-8.",
    cause,
  });
}
