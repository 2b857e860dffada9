/**
 * Tables as CSV (RFC 4180), and its raw rows.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "npm:csv-parse@^7";
import { invalid, type RegistryError } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import type { Columns, RowOf, Table, TableRows } from "./tables/table.ts";
import { decodeText } from "./content/text_stream.ts";
import { DECLARATION_CHARACTERS, declaredDelimiter } from "./csv/find_delimiter.ts";
import { createTableFormat } from "./csv/table_format.ts";
import type { CsvDelimiter, CsvOptions, CsvRow } from "./csv/table_format.ts";

export type * from "./content/format.ts";
export type * from "./tables/table.ts";
export { createTable } from "./tables/create_table.ts";
export type { CsvDelimiter, CsvOptions, CsvRow } from "./csv/table_format.ts";

/** Options of {@linkcode parseCsv}. */
export interface ParseCsvOptions {
  /** Separator of cells, unless the first line declares one (`sep=;`, as Excel does). @default "," */
  delimiter?: CsvDelimiter;
  /**
   * Longest row, bytes of UTF-8; stops at a quote that is never closed. @default 67108864 (64 Mi)
   */
  maxRowCharacters?: number;
  signal?: AbortSignal;
}

/**
 * Reads the rows of CSV, including the header, of any lengths. Empty lines are skipped. Text is
 * UTF-8, or UTF-16 with a byte order mark. Errors of the stream are rethrown.
 *
 * @throws {RegistryError} `Invalid` for text that is not CSV, or bytes that are not text
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
  { delimiter = ",", maxRowCharacters = 64 * 1024 * 1024, signal }: ParseCsvOptions = {},
): AsyncGenerator<CsvRow> {
  const text = decodeText(stream, { utf16: true, signal, refuse: noCsv });
  let head = "";
  for (let next; head.length < DECLARATION_CHARACTERS && !(next = await text.next()).done;) {
    head += next.value;
  }
  const declared = declaredDelimiter(head);
  const skipped = declared === undefined ? 0 : 1;
  const parser = parse({
    delimiter: declared?.delimiter ?? delimiter,
    info: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    max_record_size: maxRowCharacters,
  });
  const rest = behind(head.slice(declared?.length), text);
  const lines = Readable.from(boundedLines(rest, maxRowCharacters), { objectMode: true });
  pipeline(lines, parser, () => {}); // the loop below throws a failure
  try {
    const rows = parser as AsyncIterable<{ record: string[]; info: { lines: number } }>;
    for await (const { record, info } of rows) yield { cells: record, line: info.lines + skipped };
  } catch (error) {
    throw error instanceof CsvError ? noCsv(error.message, error) : error;
  }
}

/** Yields a text, and those that follow it. */
async function* behind(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** Limits the length of lines: the parser counts the bytes of cells, not the number of cells. */
async function* boundedLines(
  text: AsyncIterable<string>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let length = 0; // of the current line
  for await (const piece of text) {
    const bytes = encoder.encode(piece);
    for (let i = 0; i < bytes.length; i++) { // `of` takes ten times as long
      const byte = bytes[i];
      length = byte === 0x0a || byte === 0x0d ? 0 : length + 1;
      if (length > maxBytes) throw noCsv(`a line exceeds ${maxBytes} bytes`);
    }
    yield bytes;
  }
}

function noCsv(state: string, cause?: unknown): RegistryError {
  return invalid("read CSV", undefined, state.replace(/\.$/, ""), {
    hint: "Use UTF-8, quote cells with a comma, quote or line break, and double quotes in them.",
    cause,
  });
}

/**
 * Tables as `.csv` files. The first row names the columns, unless `header` is false. Cells are
 * strings unless `columns` gives their type: nothing is guessed. `rows()` reads the file on demand
 * and throws an invalid cell with its line (the one it ends in) and column. Unnamed first columns,
 * such as the index that `DataFrame.to_csv()` writes, get the names that pandas gives them:
 * `Unnamed: 0`.
 *
 * - A number has up to 17 digits, or is a whole number that 64 bits represent exactly.
 * - An `int64` has up to 64 bits, a boolean is `true` or `false`.
 * - A date is a day or a time with its time zone, in ISO 8601.
 * - An empty cell is null in a nullable column (`"number?"`), which cannot hold an empty string.
 * - NaN and infinities are refused: programs write them differently, and many read NaN as missing.
 *
 * @example
 * ```ts
 * import { createTable, csv } from "@holdfast/holdfast/formats/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const scores = csv({ columns: { id: "int64", score: "number?" } });
 * const table = createTable({ id: "int64", score: "number?" }, [
 *   { id: 1n, score: 0.5 },
 *   { id: 2n, score: null },
 * ]);
 * const bytes = await scores.encode(table) as Uint8Array;
 * assertEquals(new TextDecoder().decode(bytes), "id,score\n1,0.5\n2,\n");
 * ```
 */
export function csv<const C extends Columns = Record<string, "string">>(
  options: CsvOptions<C> = {},
): Format<Table<RowOf<C>>, TableRows> {
  const { delimiter = "," } = options;
  return createTableFormat(
    { id: "csv", extensions: [".csv"], mediaType: "text/csv" },
    { delimiter, ...options },
    parseCsv,
  );
}

/** Tables as `.tsv` files: like {@linkcode csv}, with tabs between cells. */
export function tsv<const C extends Columns = Record<string, "string">>(
  options: Omit<CsvOptions<C>, "delimiter"> = {},
): Format<Table<RowOf<C>>, TableRows> {
  const kind = { id: "tsv", extensions: [".tsv"], mediaType: "text/tab-separated-values" };
  return createTableFormat(kind, { ...options, delimiter: "\t" }, parseCsv);
}

providePart("csv.ts", { csv, tsv });
