/**
 * Tables as CSV (RFC 4180), and its rows piece by piece.
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "npm:csv-parse@^7";
import { fault, type RegistryError } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import type { Columns, RowOf, Table, TableRows } from "./tables/table.ts";
import { decodeText } from "./content/text_stream.ts";
import { createTableFormat } from "./csv/table_format.ts";
import type { CsvDelimiter, CsvOptions, CsvRow } from "./csv/table_format.ts";

export type * from "./content/format.ts";
export type * from "./tables/table.ts";
export { createTable } from "./tables/create_table.ts";
export type { CsvDelimiter, CsvOptions, CsvRow } from "./csv/table_format.ts";

/** Options of {@linkcode parseCsv}. */
export interface ParseCsvOptions {
  /** What stands between cells. @default "," */
  delimiter?: CsvDelimiter;
  /** No row is longer, bytes of UTF-8: an opened quote that is never closed is no row. @default 67108864 (64 Mi) */
  maxRowCharacters?: number;
  signal?: AbortSignal;
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
  { delimiter = ",", maxRowCharacters = 64 * 1024 * 1024, signal }: ParseCsvOptions = {},
): AsyncGenerator<CsvRow> {
  const parser = parse({
    delimiter,
    info: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    max_record_size: maxRowCharacters,
  });
  const text = decodeText(stream, { utf16: true, signal, refuse: noCsv });
  // The loop below throws a failure.
  pipeline(
    Readable.from(boundedLines(text, maxRowCharacters), { objectMode: true }),
    parser,
    () => {},
  );
  try {
    for await (
      const { record, info } of parser as AsyncIterable<
        { record: string[]; info: { lines: number } }
      >
    ) {
      yield { cells: record, line: info.lines };
    }
  } catch (error) {
    throw error instanceof CsvError ? noCsv(error.message, error) : error;
  }
}

/** The bytes of text. The parser counts what is in cells, not how many there are: so the length of lines counts too. */
async function* boundedLines(
  text: AsyncIterable<string>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let length = 0; // of the line that has not ended
  for await (const piece of text) {
    const bytes = encoder.encode(piece);
    for (const byte of bytes) {
      length = byte === LINE_FEED || byte === CARRIAGE_RETURN ? 0 : length + 1;
      if (length > maxBytes) throw noCsv(`a line is longer than ${maxBytes} bytes`);
    }
    yield bytes;
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function noCsv(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read CSV",
    state: state.replace(/\.$/, ""),
    hint:
      "A cell with a comma, a quote or a line break stands in quotes, and a quote in it is doubled; text is UTF-8.",
    cause,
  });
}

/**
 * Tables as `.csv` files. The first row names the columns, unless `header` is false. All cells are text but those of
 * columns whose type is given in `columns`, there and back: nothing is guessed. A file is read while rows are asked
 * for, so `rows()` throws what is wrong with one, with its line (that in which it ends) and column. Unnamed columns at
 * the beginning, such as the index that `DataFrame.to_csv()` writes, get the names that pandas gives them: `Unnamed:
 * 0`.
 *
 * A number is one that 64 bits hold: of up to 17 digits, or whole and exact; an `int64` has up to 64 bits; a boolean is
 * `true` or `false`; a date is a day or a moment with its time zone, as ISO 8601 writes it. An empty cell is null in a
 * column that may be null (`"number?"`), where an empty text is not written; else it is an empty text, or wrong. NaN
 * and infinities are refused: programs write them in different ways, and most take NaN for what is missing.
 *
 * @example
 * ```ts
 * import { createTable, csv } from "@holdfast/holdfast/formats/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const scores = csv({ columns: { id: "int64", score: "number?" } });
 * const table = createTable({ id: "int64", score: "number?" }, [{ id: 1n, score: 0.5 }, { id: 2n, score: null }]);
 * assertEquals(new TextDecoder().decode(await scores.encode(table) as Uint8Array), "id,score\n1,0.5\n2,\n");
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

/** Tables as `.tsv` files: as {@linkcode csv}, with tabs between the cells. */
export function tsv<const C extends Columns = Record<string, "string">>(
  options: Omit<CsvOptions<C>, "delimiter"> = {},
): Format<Table<RowOf<C>>, TableRows> {
  const kind = { id: "tsv", extensions: [".tsv"], mediaType: "text/tab-separated-values" };
  return createTableFormat(kind, { ...options, delimiter: "\t" }, parseCsv);
}
