// Tables in files, read on this thread: CSV and Parquet.
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { corrupt, fault, isRegistryError } from "../../../../core/errors.ts";
import type { FileToDecode } from "../../../../core/file_store.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import type { FileToRead } from "../../artifact_file.ts";
import { fileToDecode } from "../file_to_decode.ts";
import { encodingOf } from "../text/text_part.ts";
import { numberWord, otherText } from "./cells.ts";
import { uniqueNames } from "./column_names.ts";
import type { Group, PageRange, TablePage, TableReader } from "./table_reader.ts";
import { beginningOf, type CsvLine, splitCsv } from "./split_csv.ts";

const PART_ROWS = 500;

export async function readTable(file: FileToRead, signal?: AbortSignal): Promise<TableReader> {
  const mark = await file.read(0, Math.min(6, file.size), signal);
  const text = String.fromCharCode(...mark);
  if (text.startsWith("PAR1")) return await openParquet(fileToDecode(file), signal);
  if (text === "ARROW1" || text.startsWith("\xff\xff\xff\xff")) {
    const { openArrow } = await import("./other/arrow_table.ts");
    return await openArrow(fileToDecode(file, signal));
  }
  if (text.startsWith("\x1f\x8b")) {
    const { unpackTable } = await import("./other/packed_table.ts");
    const { file: unpacked, note } = await unpackTable(file, signal);
    const table = await readTable(unpacked, signal);
    return note === undefined
      ? table
      : { ...table, isPart: true, note: [note, table.note ?? ""].join(" ").trim() };
  }
  if (isLines(file.path, text)) {
    const { openJsonLines } = await import("./other/json_lines.ts");
    return await openJsonLines(fileToDecode(file, signal), signal);
  }
  return await openCsv(await inUtf8(file, encodingOf(mark), signal), signal);
}

function isLines(path: string, beginning: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(path) ||
    !/\.[ct]sv$/i.test(path) && beginning.trimStart().startsWith("{");
}

/** Returns a file of UTF-16, as Excel saves it, in UTF-8. It is read whole. */
async function inUtf8(file: FileToRead, encoding: string, signal?: AbortSignal) {
  if (encoding === "utf-8") return file;
  const text = new TextDecoder(encoding).decode(await fileToDecode(file, signal).bytes());
  const bytes = new TextEncoder().encode(text);
  const read = (from: number, count: number) => Promise.resolve(bytes.slice(from, from + count));
  return { ...file, size: bytes.byteLength, read };
}

async function openParquet(file: FileToDecode, signal?: AbortSignal): Promise<TableReader> {
  const { openParquetTable } = await import("./parquet_table.ts");
  const { table, ...about } = await openParquetTable(file, signal);
  const { columns, others, rowCount } = about;
  if (columns.length === 0) {
    const state = others.length === 0
      ? "it has no columns"
      : `it has only ${others.map(otherText).join(", ")}`;
    throw fault({ code: "Unsupported", action: "preview", subject: file.path, state });
  }
  const namesOf = (chosen: readonly number[]) => chosen.flatMap((i) => columns[i]?.name ?? []);

  async function read(names: string[], from: number, to: number, signal?: AbortSignal) {
    const rows: Cell[][] = [];
    for await (const row of table.rows({ columns: names, from, to, signal })) {
      rows.push(names.map((name) => row[name] ?? null));
    }
    return rows;
  }

  /** Reads columns one by one. Those that cannot be read have the reason in each cell. */
  async function readApart(names: string[], from: number, to: number, signal?: AbortSignal) {
    const parts = await Promise.allSettled(names.map((name) => read([name], from, to, signal)));
    const good = parts.find((part) => part.status === "fulfilled");
    if (good === undefined) throw (parts[0] as PromiseRejectedResult).reason;
    const cells = parts.map((part) =>
      part.status === "fulfilled" ? part.value.flat() : good.value.map(() => reasonOf(part.reason))
    );
    return good.value.map((_, row) => cells.map((column) => column[row] ?? null));
  }

  async function page(
    { from, count, columns: chosen = columns.map((_, i) => i) }: PageRange,
    signal?: AbortSignal,
  ): Promise<TablePage> {
    const names = namesOf(chosen);
    const to = from + count + 1;
    const rows = await read(names, from, to, signal).catch((error) => {
      if (!isRegistryError(error) || names.length < 2) throw error;
      return readApart(names, from, to, signal);
    });
    return { rows: rows.slice(0, count), isEnd: rows.length <= count };
  }

  async function* parts(
    chosen: readonly number[],
    signal?: AbortSignal,
    { from, to }: Pick<Group, "from" | "to"> = { from: 0, to: Infinity },
  ) {
    const names = namesOf(chosen);
    let read = from;
    const part = (rows: Cell[][]) => ({ rows, progress: (read += rows.length) / rowCount });
    let rows: Cell[][] = [];
    try {
      for await (const row of table.rows({ columns: names, from, to, signal })) {
        rows.push(names.map((name) => row[name] ?? null));
        if (rows.length < PART_ROWS) continue;
        yield part(rows);
        rows = [];
      }
      if (rows.length > 0) yield part(rows);
    } catch (error) {
      if (!isRegistryError(error) || names.length < 2) throw error;
      for (let isEnd = false; !isEnd && read < to;) { // cells that cannot be read have the reason
        const count = Math.min(PART_ROWS, to - read);
        const next = await page({ from: read, count, columns: chosen }, signal);
        yield part(next.rows as Cell[][]);
        ({ isEnd } = next);
      }
    }
  }

  return { ...about, hasNull: true, page, parts };
}

/** Returns the cell of a column that cannot be read: it is damaged, or values would be rounded. */
function reasonOf({ message, state = message }: { message: string; state?: string }): string {
  return `(${state})`;
}

const CSV_BYTES = 256 * 1024;
/** Longer rows end the table. */
const MAX_ROW_BYTES = 4 * 1024 * 1024;
const MAX_READ_BYTES = 16 * 1024 * 1024;
/** Bytes of CSV that are read at a time when all of it is. */
const SCAN_BYTES = 1024 * 1024;
/** Rows that decide the types of columns. */
const SAMPLE_ROWS = 1000;
/** Rows between known places. */
const MARK_ROWS = 100;
/** Bytes that a jump may skip. */
const MAX_SKIP_BYTES = 32 * 1024 * 1024;

async function openCsv(file: FileToRead, signal?: AbortSignal): Promise<TableReader> {
  const head = await file.read(0, Math.min(CSV_BYTES, file.size), signal);
  const { delimiter, start } = beginningOf(head, file.path);
  const reader = new CsvReader(file, delimiter, head);
  const [header] = (await reader.read(start, { min: 1, max: 1 }, signal)).lines;
  if (header === undefined) throw corrupt("preview", file.path, "it has no header");
  const { lines: sample } = await reader.read(header.end, { min: 1, max: SAMPLE_ROWS }, signal)
    .catch(() => ({ lines: [] })); // the first page says why
  const columns = uniqueNames(titlesOf(header.cells, sample)).map((name, i) => ({
    name,
    type: typeOf(sample.map(({ cells }) => cells[i] ?? "")),
  }));
  /** The places of every hundredth row. */
  const marks = [header.end];
  const marked = () => marks.at(-1) ?? header.end;

  /** Marks the rows of the next part. */
  async function advance(signal?: AbortSignal): Promise<boolean> {
    const { lines } = await reader.read(marked(), { min: MARK_ROWS, max: Infinity }, signal);
    marks.push(...lines.filter((_, i) => (i + 1) % MARK_ROWS === 0).map(({ end }) => end));
    return lines.length >= MARK_ROWS;
  }

  const cellsOf = (cells: readonly string[], chosen: readonly number[]) =>
    chosen.map((i) =>
      columns[i]?.type === "number" ? numberWord(cells[i] ?? null) : cells[i] ?? null
    );

  return {
    columns,
    ...header.count > columns.length && { columnCount: header.count },
    others: [],
    async *parts(chosen, signal) {
      for (let start = header.end, isEnd = false; !isEnd;) {
        const part = await reader.read(start, { min: 1, max: Infinity, bytes: SCAN_BYTES }, signal);
        ({ isEnd } = part);
        start = part.lines.at(-1)?.end ?? start;
        const rows = part.lines.map(({ cells }) => cellsOf(cells, chosen));
        yield { rows, progress: start / file.size };
        if (rows.length === 0) return;
      }
    },
    async page({ from, count, columns: chosen }, signal) {
      const mark = Math.floor(from / MARK_ROWS);
      const most = marked() + MAX_SKIP_BYTES;
      while (marks.length <= mark && marked() < most && await advance(signal));
      const start = marks[mark];
      if (start === undefined) {
        if (marked() < most) return { rows: [], isEnd: true };
        const state = `row ${from} is more than ${MAX_SKIP_BYTES} bytes past the last row read`;
        throw fault({ code: "Unsupported", action: "preview", subject: file.path, state });
      }
      const skipped = from - mark * MARK_ROWS;
      const wanted = skipped + count + 1;
      const { lines, isEnd } = await reader.read(start, { min: wanted, max: wanted }, signal);
      if (!isEnd && lines.length <= skipped) throw tooLong(file.path, MAX_READ_BYTES);
      const shown = lines.slice(skipped, skipped + count);
      const rows = shown.map(({ cells }) => cellsOf(cells, chosen ?? columns.map((_, i) => i)));
      return { rows, isEnd: isEnd && lines.length < wanted };
    },
  };
}

const NUMBER = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** Returns the type that all cells of a sample have. Empty ones have any. */
function typeOf(sample: readonly string[]): string {
  const cells = sample.map((cell) => cell.trim()).filter((cell) => cell !== "");
  const others = cells.filter((cell) => !NUMBER.test(cell));
  if (others.length < cells.length) {
    return others.every((cell) => typeof numberWord(cell) === "number") ? "number" : "string";
  }
  return cells.length > 0 && cells.every((cell) => DATE.test(cell)) ? "date" : "string";
}

/**
 * Returns the titles of all cells that a sample has. R writes no title for the names of rows: the
 * header is one cell shorter, and lacks the first. Other cells without a title come last.
 */
function titlesOf(header: readonly string[], sample: readonly CsvLine[]): string[] {
  const most = sample.reduce((most, { cells }) => Math.max(most, cells.length), header.length);
  const more = Array<string>(most - header.length).fill("");
  const isLonger = ({ cells }: CsvLine) => cells.length === header.length + 1;
  if (sample.length === 0 || !sample.every(isLonger)) return [...header, ...more];
  // A separator at the end of each row makes no column.
  return sample.every(({ cells }) => cells.at(-1) === "") ? [...header] : ["", ...header];
}

function tooLong(path: string, most: number) {
  const state = `a row is longer than ${most} bytes`;
  return fault({ code: "Unsupported", action: "preview", subject: path, state });
}

class CsvReader {
  /** The part that was read last. */
  #start = 0;
  #bytes: Uint8Array;

  constructor(readonly file: FileToRead, readonly delimiter: number, head: Uint8Array) {
    this.#bytes = head;
  }

  /** Reads at least `min` rows from a place, unless they are long or the file ends. */
  async read(
    start: number,
    { min, max, bytes = CSV_BYTES }: { min: number; max: number; bytes?: number },
    signal?: AbortSignal,
  ): Promise<{ lines: CsvLine[]; isEnd: boolean }> {
    const { file, delimiter } = this;
    for (let length = bytes;; length *= 2) {
      const bytes = await this.#part(start, length, signal);
      const isEnd = start + bytes.byteLength >= file.size;
      const split = splitCsv(bytes, { delimiter, isEnd, maxRows: max });
      const end = split.at(-1)?.end ?? 0;
      if (split.length >= min || isEnd || end > 0 && bytes.byteLength >= MAX_READ_BYTES) {
        const lines = split.map((line) => ({ ...line, end: start + line.end }));
        return { lines, isEnd };
      }
      if (bytes.byteLength - end > MAX_ROW_BYTES) throw tooLong(file.path, MAX_ROW_BYTES);
    }
  }

  /** Returns at least this many bytes from a place, unless the file ends. */
  async #part(start: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const end = this.#start + this.#bytes.byteLength;
    const isKnown = start >= this.#start && start <= end;
    const known = isKnown ? this.#bytes.subarray(start - this.#start) : new Uint8Array();
    const at = start + known.byteLength;
    const missing = Math.min(length - known.byteLength, this.file.size - at);
    if (missing <= 0) return known;
    const bytes = concatBytes([known, await this.file.read(at, missing, signal)]);
    [this.#start, this.#bytes] = [start, bytes];
    return bytes;
  }
}
