// The format of tables over rows of text cells.
import { fault, invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { corruptFile, unsupportedFile } from "../content/file_faults.ts";
import type { Format, FormatOptions } from "../content/format.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { Column, Columns, Row, RowOf, Table, TableRows } from "../tables/table.ts";
import { setCell } from "../tables/cells.ts";
import { checkRow } from "../tables/check_row.ts";
import { createTable } from "../tables/create_table.ts";
import { isTable, listColumns, namesProblem } from "../tables/list_columns.ts";
import { encodeText } from "../content/text_stream.ts";
import { CellProblem, createRowWriter, readCell } from "./read_cell.ts";

/** The separator of cells. */
export type CsvDelimiter = "," | ";" | "\t" | "|";

const DELIMITERS: readonly CsvDelimiter[] = [",", ";", "\t", "|"];

/** Maximum number of unnamed index columns: a line of commas is not an index. */
const MAX_UNNAMED = 16;

const corrupt = corruptFile(
  "table",
  "Fix the file, or pass the columns, header and delimiter that it has.",
);
const inexact = unsupportedFile(
  "table",
  'Read the column as "string", or as "int64" if it has whole numbers of up to 64 bits.',
);

/** A row of CSV. */
export interface CsvRow {
  cells: string[];
  /** The number of its last line, from 1. */
  line: number;
}

/** Options of `csv` and `tsv`. */
export interface CsvOptions<C extends Columns = Columns> {
  /**
   * The types of columns. With a header, other columns are strings. Without one, give all columns
   * in order. @default strings, without a header named `0`, `1` and so on
   */
  columns?: C;
  /** Set if the first row has the names of the columns. @default true */
  header?: boolean;
  /** Separator of cells, unless the first line of a file declares one: `sep=;`. @default "," */
  delimiter?: CsvDelimiter;
  /** Longest row, bytes of UTF-8. @default 4194304 (4 Mi) */
  maxRowCharacters?: number;
}

type ParseRows = (
  stream: ReadableStream<Uint8Array>,
  options: { delimiter: CsvDelimiter; maxRowCharacters: number; signal?: AbortSignal },
) => AsyncGenerator<CsvRow>;

export function createTableFormat<C extends Columns>(
  kind: Pick<Format, "id" | "extensions" | "mediaType">,
  options: CsvOptions<C>,
  parse: ParseRows,
): Format<Table<RowOf<C>>, TableRows> {
  const { columns, header = true, delimiter = ",", maxRowCharacters = 4 * 1024 * 1024 } = options;
  if (typeof header !== "boolean") throw badOption("header", header, "true or false");
  if (!DELIMITERS.includes(delimiter)) {
    throw badOption("delimiter", delimiter, DELIMITERS.map(shown).join(", "));
  }
  const listedColumns = columns && listColumns(columns);
  const tables = new TableTexts(kind.id, {
    columns: listedColumns,
    header,
    delimiter,
    maxRowCharacters,
    parse,
  });
  const isUsual = delimiter === "," || delimiter === "\t" && kind.id === "tsv";
  const reading = {
    ...listedColumns && { columns: listedColumns },
    ...!header && { header },
    ...!isUsual && { delimiter },
  };
  return {
    ...kind,
    ...Object.keys(reading).length > 0 && { reading },
    accepts: (value) => tables.problemOf(value) === undefined,
    encode: (value, options = {}) => tables.encode(value, options),
    decode: async (file, options) =>
      await tables.decode(file, options) as unknown as Table<RowOf<C>>,
  };
}

interface TableTextsOptions {
  columns: readonly Column[] | undefined;
  header: boolean;
  delimiter: CsvDelimiter;
  maxRowCharacters: number;
  parse: ParseRows;
}

class TableTexts {
  readonly #id: string;
  readonly #options: TableTextsOptions;
  readonly #writer: ReturnType<typeof createRowWriter>;

  constructor(id: string, options: TableTextsOptions) {
    this.#id = id;
    this.#options = options;
    this.#writer = createRowWriter(options.delimiter);
  }

  /** Returns the reason why a file cannot hold a value, or undefined. */
  problemOf(value: unknown): string | undefined {
    const { header } = this.#options;
    if (!isTable(value)) return "it is not a table";
    if (header && value.columns.length === 0) return "it has no columns";
    const read = this.#columnsOf(value.columns.map(({ name }) => name));
    if (!header && read.length !== value.columns.length) {
      return `it does not have ${read.length} columns`;
    }
    const missing = this.#missingOf(read);
    if (missing !== undefined) return `it has no column ${shown(missing)}`;
    const both = value.columns.map((column, i) => [shortOf(column), shortOf(itemAt(read, i))]);
    const [own, other] = both.find(([own, other]) => own !== other) ?? [];
    return own && `its column ${own} would be read as ${other}`;
  }

  encode(value: TableRows, options: FormatOptions): ReturnType<typeof encodeText> {
    if (!isTable(value)) {
      throw this.#refused("it is not a table", "Create it with createTable(columns, rows).");
    }
    const problem = this.problemOf(value);
    if (problem !== undefined) throw this.#refused(problem);
    return encodeText(this.#lines(value, options));
  }

  async decode(file: FileToDecode, { signal }: FormatOptions = {}): Promise<Table> {
    const { header } = this.#options;
    let first: CsvRow | undefined;
    for await (first of this.#rowsOf(file, signal)) break;
    if (header && first === undefined) throw corrupt(file.path, "it has no header");
    const names = header ? withUnnamed(first!.cells) : first?.cells ?? [];
    const problem = header ? namesProblem(names) : undefined;
    if (problem !== undefined) throw corrupt(file.path, `line ${first!.line}: ${problem}`);
    const columns = this.#columnsOf(names);
    const missing = this.#missingOf(columns);
    if (missing !== undefined) {
      throw corrupt(file.path, `line ${first!.line}: it has no column ${shown(missing)}`);
    }
    return createTable(columns, ({ signal }) => this.#decodeRows(file, columns, signal)) as Table;
  }

  /** Returns the columns of a file with this header, or with this first row. */
  #columnsOf(names: readonly string[]): readonly Column[] {
    const { columns, header } = this.#options;
    if (!header) return columns ?? names.map((_, index) => text(String(index)));
    const types = new Map(columns?.map((column) => [column.name, column]));
    return names.map((name) => types.get(name) ?? text(name));
  }

  #missingOf(columns: readonly Column[]): string | undefined {
    const names = new Set(columns.map(({ name }) => name));
    return this.#options.columns?.find(({ name }) => !names.has(name))?.name;
  }

  async *#lines(table: TableRows, options: FormatOptions): AsyncGenerator<string> {
    const { header } = this.#options;
    const { columns } = table;
    if (header) {
      yield this.#bounded(this.#writer.texts(columns.map(({ name }) => name)), "its header");
    }
    let number = 0;
    for await (const row of table.rows(options)) {
      checkRow(columns, row, ++number);
      const result = this.#writer.row(columns, row as Row);
      if ("problem" in result) throw this.#refused(`row ${number}: ${result.problem}`);
      yield this.#bounded(result.line, `row ${number}`);
    }
    if (!header && this.#options.columns === undefined && number === 0) {
      throw this.#refused("it has neither rows nor a header");
    }
  }

  #bounded(line: string, subject: string): string {
    const { maxRowCharacters: most } = this.#options;
    if (line.length * 3 <= most || new TextEncoder().encode(line).byteLength <= most) return line;
    throw this.#refused(`${subject} exceeds ${most} bytes`);
  }

  async *#rowsOf(file: FileToDecode, signal: AbortSignal | undefined): AsyncGenerator<CsvRow> {
    const { parse, delimiter, maxRowCharacters } = this.#options;
    try {
      yield* parse(file.stream(), { delimiter, maxRowCharacters, signal });
    } catch (error) {
      if (!isRegistryError(error, "Invalid")) throw error;
      throw corrupt(file.path, error.state ?? error.message, error);
    }
  }

  async *#decodeRows(
    file: FileToDecode,
    columns: readonly Column[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Row> {
    let isHeader = this.#options.header;
    for await (const row of this.#rowsOf(file, signal)) {
      if (!isHeader) yield decodeRow(file.path, columns, row);
      isHeader = false;
    }
  }

  #refused(
    state: string,
    hint = `Pass the columns to ${this.#id}(): the file does not store types.`,
  ): RegistryError {
    return fault({ code: "Unsupported", action: "save table as", subject: this.#id, state, hint });
  }
}

/**
 * Returns the names of a header. Unnamed first columns are an index written by pandas or R, and get
 * the names that pandas gives them: `Unnamed: 0`, or `Unnamed: 0.1` if that name is taken.
 */
function withUnnamed(cells: readonly string[]): string[] {
  const names = [...cells];
  for (let at = 0; names[at] === "" && at < MAX_UNNAMED; at++) {
    let name = `Unnamed: ${at}`;
    for (let again = 1; names.includes(name); again++) name = `Unnamed: ${at}.${again}`;
    names[at] = name;
  }
  return names;
}

function decodeRow(path: string, columns: readonly Column[], { cells, line }: CsvRow): Row {
  if (cells.length !== columns.length) {
    throw corrupt(path, `line ${line}: ${cells.length} cells, expected ${columns.length}`);
  }
  const row: Row = {};
  for (const [index, column] of columns.entries()) {
    const value = readCell(column, cells[index]!);
    if (value instanceof CellProblem) {
      const state = `line ${line}, column ${shown(column.name)}: ${value.state}`;
      throw value.isInexact ? inexact(path, state) : corrupt(path, state);
    }
    setCell(row, column.name, value);
  }
  return row;
}

function text(name: string): Column {
  return { name, type: "string", nullable: false };
}

function badOption(name: string, value: unknown, choices: string): RegistryError {
  return invalid("create format of tables", undefined, `${name} is ${shown(value)}`, {
    hint: `Use one of ${choices}.`,
  });
}

function shortOf({ name, type, nullable }: Column): string {
  return `${shown(name)} (${type}${nullable ? "?" : ""})`;
}
