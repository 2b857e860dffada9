// Rows of CSV (RFC 4180) from a part of a file, with their places: pages are read by ranges.
import { declaredDelimiter, findDelimiter } from "../../../../formats/csv/find_delimiter.ts";

/** A row, and where the next one begins. */
export interface CsvLine {
  /** The first 10,000. */
  cells: string[];
  /** The number of all cells. */
  count: number;
  end: number;
}

const [QUOTE, LINE_FEED, RETURN] = [0x22, 0x0a, 0x0d];

export const MAX_CELLS = 10_000;

/** How bytes are split. */
export interface SplitOptions {
  /** The separator of cells, a byte. */
  delimiter: number;
  isEnd: boolean;
  maxRows: number;
}

/**
 * Splits bytes of UTF-8 into rows. Empty lines are skipped. A row that the bytes end in is left
 * out, unless they end the file.
 */
export function splitCsv(
  bytes: Uint8Array,
  { delimiter, isEnd, maxRows }: SplitOptions,
): CsvLine[] {
  const rows = new Rows(bytes, delimiter);
  for (let at = 0; at < bytes.byteLength && rows.lines.length < maxRows; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) rows.quote();
    else if (rows.isOpen) continue;
    else if (byte === delimiter) rows.endCell(at);
    else if (byte === LINE_FEED) rows.endRow(at, at + 1);
    else if (byte === RETURN) {
      if (at + 1 === bytes.byteLength && !isEnd) break; // a line feed may follow
      const end = bytes[at + 1] === LINE_FEED ? at + 2 : at + 1;
      rows.endRow(at, end);
      at = end - 1;
    }
  }
  if (isEnd && rows.lines.length < maxRows) rows.endRow(bytes.byteLength, bytes.byteLength);
  return rows.lines;
}

class Rows {
  readonly lines: CsvLine[] = [];
  /** True between quotes. */
  isOpen = false;
  #hasQuotes = false;
  #ends: number[] = [];
  /** Beginnings of the cell and of the row. */
  #from = 0;
  #begin = 0;

  constructor(readonly bytes: Uint8Array, readonly delimiter: number) {}

  quote(): void {
    if (this.isOpen) this.isOpen = false;
    else if (this.bytes[this.#from] === QUOTE) { // at its beginning, or the second of a pair
      this.#hasQuotes = this.isOpen = true;
    }
  }

  endCell(at: number): void {
    this.#ends.push(at);
    this.#from = at + 1;
  }

  /** Ends a row at `at`. The next one begins at `end`. */
  endRow(at: number, end: number): void {
    if (at > this.#begin) {
      this.endCell(at);
      this.lines.push({ cells: this.#cells(at), count: this.#ends.length, end });
    } else if (this.lines.length > 0) this.lines.at(-1)!.end = end;
    this.#ends = [];
    this.#hasQuotes = false;
    this.#from = this.#begin = end;
  }

  #cells(end: number): string[] {
    if (!this.#hasQuotes) { // one call is faster
      const row = UTF8.decode(this.bytes.subarray(this.#begin, end));
      return row.split(String.fromCharCode(this.delimiter), MAX_CELLS);
    }
    return this.#ends.slice(0, MAX_CELLS).map((end, i) =>
      this.#text(i === 0 ? this.#begin : this.#ends[i - 1]! + 1, end)
    );
  }

  #text(from: number, to: number): string {
    if (this.bytes[from] !== QUOTE) return UTF8.decode(this.bytes.subarray(from, to));
    const text = UTF8.decode(this.bytes.subarray(from + 1, to));
    const end = text.lastIndexOf('"');
    const inner = end < 0 ? text : text.slice(0, end) + text.slice(end + 1);
    return inner.replaceAll('""', '"');
  }
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns the separator of a file, a byte, and the place of its first row. */
export function beginningOf(
  head: Uint8Array,
  path: string,
): { delimiter: number; start: number } {
  const text = UTF8.decode(head);
  const declared = declaredDelimiter(text);
  const delimiter = declared?.delimiter ?? (/\.tsv$/i.test(path) ? "\t" : findDelimiter(text));
  const skipped = text.slice(0, declared?.length ?? (text.startsWith("\uFEFF") ? 1 : 0));
  return {
    delimiter: delimiter.charCodeAt(0),
    start: new TextEncoder().encode(skipped).byteLength,
  };
}
