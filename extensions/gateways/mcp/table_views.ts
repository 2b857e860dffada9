// Rows and statistics of tables, as a model can read them.
import { Buffer } from "node:buffer";
import {
  forEachAtOnce,
  giveWay,
  isRegistryError,
  LimitExceeded,
  loadPart,
  mapAtOnce,
  sortKeyOf,
} from "../../../core/kernel.ts";
import type { FileToDecode } from "../../../files/mod.ts";
import { compareTables, delimiterOf } from "../../../apps/difference/table_difference.ts";
import { toCompare } from "../../../apps/difference/table_difference.ts";
import type { Cell, CsvOptions, Format, Table } from "../../../formats/csv.ts";
import type { ParquetReadOptions, ParquetTable } from "../../../formats/parquet.ts";
import type { File, Part, Reading, Shown } from "./file_part.ts";
import { fitting, MOST_CHARACTERS, unreadable } from "./tool.ts";

const MOST_COLUMNS = 200;
/** Of tables that are compared. */
const MOST_TABLE = 64 * 1024 * 1024, MOST_ROWS = 200_000;
/** Tables of text whose rows are compared, bytes. */
const MOST_COMPARED = 256 * 1024;
/** Memory for each byte of a row of CSV while it is read, bytes. */
const ROW_COST = 128;

interface CsvPart {
  csv(options: CsvOptions): Format<Table>;
  tsv(options: CsvOptions): Format<Table>;
}

interface ParquetPart {
  openParquet(
    file: FileToDecode,
    options: ParquetReadOptions & { signal?: AbortSignal },
  ): Promise<ParquetTable>;
}

/** A table; of Parquet, with the number of columns that may be read at once. */
type Opened = { table: Table } | { table: ParquetTable; atOnce: number };

/** The part of its memory for a page: of several columns at once, or of one. */
const SHARES = [{ divisor: 32, atOnce: 4 }, { divisor: 8, atOnce: 1 }] as const;

/**
 * Opens a table by its extension and reads it; undefined for other files. If a page of Parquet needs
 * more memory, reading begins again with fewer columns at once, or with all memory of the process.
 */
async function withTable<T>(
  file: File,
  reading: Reading,
  read: (opened: Opened) => Promise<T>,
): Promise<T | undefined> {
  const [kind] = /(?<=\.)(csv|tsv|parquet)$/.exec(file.info.path.toLowerCase()) ?? [];
  if (kind === undefined) return undefined;
  if (kind !== "parquet") return await read({ table: await openText(file, kind, reading) });
  for (let level = 0;; level++) {
    const { divisor, atOnce } = SHARES[Math.min(level, 1)]!;
    try {
      return await read({ table: await openParquet(file, divisor, reading), atOnce });
    } catch (error) {
      const isTooLarge = isRegistryError(error, "Unsupported") &&
        error.cause instanceof LimitExceeded;
      if (!isTooLarge || level > 0 && !await reading.memory.grow()) throw error;
    }
  }
}

async function openParquet(
  file: File,
  divisor: number,
  { memory, signal }: Reading,
): Promise<ParquetTable> {
  const part = await loadPart<ParquetPart>("../../../formats/parquet.ts", import.meta.url);
  const maxPageBytes = Math.floor(memory.bytes / divisor);
  return await part.openParquet(toDecode(file), {
    localTimes: "text",
    fineTimes: "text",
    unsignedIntegers: "text",
    maxPageBytes,
    signal,
  });
}

async function openText(file: File, kind: string, { memory, signal }: Reading): Promise<Table> {
  const part = await loadPart<CsvPart>("../../../formats/csv.ts", import.meta.url);
  const maxRowCharacters = Math.floor(memory.bytes / ROW_COST);
  const delimiter = kind === "csv" ? await delimiterOf(toDecode(file)) : undefined;
  const format = part[kind as keyof CsvPart]({ maxRowCharacters, delimiter });
  return await format.decode(toDecode(file), { signal });
}

function toDecode(file: File): FileToDecode {
  const { path, size } = file.info;
  return { path, size, bytes: () => file.bytes(), stream: (range) => file.stream(range) };
}

/** Returns rows from `offset`. Parquet is read by ranges, text from its beginning. */
export async function readRows(
  file: File,
  { offset, limit }: Part,
  reading: Reading,
): Promise<Shown> {
  const shown = await withTable(file, reading, async (opened) => {
    if (offset < 0) throw unreadable("rows are only counted from the beginning");
    const { columns } = opened.table;
    const names = columns.slice(0, MOST_COLUMNS).map(({ name }) => name);
    const range = { from: offset, to: offset + limit + 1 }; // one more: rows follow
    const part = "atOnce" in opened
      ? await partOf(opened.table, names, { ...range, ...opened, ...reading })
      : await firstRows(opened.table, names, { ...range, ...reading });
    const fit = fitting(part.slice(0, limit));
    return {
      as: "rows",
      columns: names,
      moreColumns: columns.length - names.length || undefined,
      rowCount: "atOnce" in opened ? opened.table.rowCount : undefined,
      rows: fit,
      next: fit.length < part.length ? offset + fit.length : undefined,
    };
  });
  if (shown === undefined) throw unreadable("not a CSV, TSV or Parquet table");
  return shown;
}

type ShownRow = Record<string, unknown>;

interface RowRange {
  from: number;
  to: number;
  signal: AbortSignal;
}

/** Returns rows until there are enough for an answer, and one more if there is one. */
async function firstRows(
  table: Table,
  names: readonly string[],
  { from, to, signal }: RowRange,
): Promise<ShownRow[]> {
  const rows: ShownRow[] = [];
  let size = 0, at = 0;
  for await (const row of withTurns(table.rows({ signal }), { signal })) {
    if (at++ < from) continue;
    rows.push(Object.fromEntries(names.map((name) => [name, plain(row[name] ?? null)])));
    if (at === to || size > MOST_CHARACTERS) break;
    size += JSON.stringify(rows.at(-1)).length;
  }
  return rows;
}

/** Does the same column by column: cells may take gigabytes before they are cut. */
async function partOf(
  table: ParquetTable,
  names: readonly string[],
  { from, to, signal, atOnce }: RowRange & { atOnce: number },
): Promise<ShownRow[]> {
  let count = Math.max(0, Math.min(to, table.rowCount) - from);
  const cellsOf = async (name: string) => {
    const cells: unknown[] = [];
    let size = 0;
    const rows = table.rows({ columns: [name], from, to: from + count, signal });
    for await (const row of withTurns(rows, { signal })) {
      cells.push(plain(row[name] ?? null));
      if (size > MOST_CHARACTERS) break;
      size += JSON.stringify(cells.at(-1)).length;
    }
    count = Math.min(count, cells.length);
    return cells;
  };
  const columns = await Array.fromAsync(mapAtOnce(names, cellsOf, { concurrency: atOnce }));
  return Array.from(
    { length: count },
    (_, i) => Object.fromEntries(names.map((name, column) => [name, columns[column]![i]])),
  );
}

/** Returns a cell as JSON: numbers that JSON cannot hold as strings, long strings cut. */
function plain(cell: Cell): unknown {
  if (typeof cell === "bigint") {
    return Number.isSafeInteger(Number(cell)) ? Number(cell) : `${cell}`;
  }
  if (typeof cell === "string" && cell.length > MOST_TEXT) {
    const copy = Buffer.from(cell.slice(0, MOST_TEXT)).toString(); // a slice would keep the whole
    return `${copy}…`;
  }
  return typeof cell === "number" && !Number.isFinite(cell) ? String(cell) : cell;
}

/** Characters of a cell. */
const MOST_TEXT = 1000;

/** Changed rows that are listed. */
const MOST_CHANGES = 20;

/** Compares the rows of two small tables of text, in any order; undefined for other files. */
export async function compareTexts(before: File, after: File, reading: Reading) {
  const kinds = [before, after].map(({ info: { path, size } }) =>
    size <= MOST_COMPARED ? /(?<=\.)(csv|tsv)$/.exec(path.toLowerCase())?.[0] : undefined
  );
  if (kinds[0] === undefined || kinds[1] === undefined) return undefined;
  const { signal } = reading;
  const opened = async (file: File, kind: string) => {
    const table = await openText(file, kind, reading), { columns } = table;
    return toCompare({ columns, rows: () => withTurns(table.rows({ signal }), { signal }) });
  };
  const left = await opened(before, kinds[0]), right = await opened(after, kinds[1]);
  const difference = await compareTables(left, right, signal);
  const { key, added, removed, changed, columns, moreColumns, changes } = difference;
  const shown = fitting(changes.slice(0, MOST_CHANGES), 1 / 8);
  return {
    matchedBy: key ?? "content",
    added,
    removed,
    changed,
    columns,
    moreColumns,
    changes: shown,
    moreChanges: changes.length - shown.length || undefined,
  };
}

/** Reads the statistics of a table; undefined for other files, and for large ones. */
export async function readStatistics(file: File, reading: Reading) {
  if (file.info.size > MOST_TABLE) return undefined;
  return await withTable(file, reading, async (opened) => {
    const { columns } = opened.table;
    const counts = columns.slice(0, MOST_COLUMNS).map(({ name }) => ({ ...EMPTY, name }));
    const rows = "atOnce" in opened
      ? await countColumns(opened.table, counts, { ...opened, ...reading })
      : await countRows(opened.table, counts, reading);
    return {
      rows: Math.min(rows, MOST_ROWS),
      onlyFirstRows: rows > MOST_ROWS || undefined,
      moreColumns: columns.length - counts.length || undefined,
      columns: Object.fromEntries(counts.map(({ name, ...count }) => [name, summaryOf(count)])),
    };
  });
}

type Count = typeof EMPTY & { name: string };

async function countRows(table: Table, counts: Count[], { signal }: Reading): Promise<number> {
  let rows = 0;
  for await (const row of withTurns(table.rows({ signal }), { signal })) {
    if (++rows > MOST_ROWS) break;
    for (const count of counts) add(count, row[count.name] ?? null);
  }
  return rows;
}

/** Reads few columns at once: a page of each takes far more memory. */
async function countColumns(
  table: ParquetTable,
  counts: Count[],
  { signal, atOnce }: Reading & { atOnce: number },
): Promise<number> {
  await forEachAtOnce(counts, async (count) => {
    Object.assign(count, EMPTY); // of a reading that began again
    const rows = table.rows({ columns: [count.name], to: MOST_ROWS, signal });
    for await (const row of withTurns(rows, { signal })) add(count, row[count.name] ?? null);
  }, { concurrency: atOnce });
  return table.rowCount;
}

const EMPTY = {
  empty: 0,
  /** Cells with NaN, which are empty among numbers. */
  notANumber: 0,
  numbers: 0,
  others: 0,
  sum: 0,
  min: Infinity,
  max: -Infinity,
};

function summaryOf({ empty, notANumber, numbers, others, sum, min, max }: typeof EMPTY) {
  if (others > 0 || numbers === 0) return { empty };
  const mean = Number((sum / numbers).toPrecision(6));
  return { empty: empty + notANumber, min, max, mean };
}

/** Counts a cell. Cells of CSV are strings, also those that are numbers. */
function add(count: typeof EMPTY, cell: Cell): void {
  const text = `${cell ?? ""}`.trim();
  if (text === "") return void count.empty++;
  if (/^[+-]?nan$/i.test(text)) return void count.notANumber++;
  const key = sortKeyOf(text), value = key.kind === "number" ? key.number : NaN;
  const isRounded = /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(value);
  if (!Number.isFinite(value) || isRounded) return void count.others++;
  count.numbers++;
  count.sum += value;
  count.min = Math.min(count.min, value);
  count.max = Math.max(count.max, value);
}

/** Yields items as they come, and lets other work go on every 10 ms. */
async function* withTurns<T>(
  items: AsyncIterable<T>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<T> {
  for await (const item of items) {
    yield item;
    await giveWay(signal);
  }
}
