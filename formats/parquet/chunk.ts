// The cells of one column in one row group, read page by page.
import { crc32 } from "node:zlib";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { openWindow } from "../../core/files/window.ts";
import type { FileToDecode } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell } from "../../core/table.ts";
import { InexactCell } from "../../core/tables/exact_cells.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import type { FileColumn } from "./columns.ts";
import { DATA, DATA_V2, DICTIONARY, INDEX, PAGE_HEAD, viewOf, withNulls } from "./page.ts";
import type { PageHead } from "./page.ts";
import { ThriftProblem } from "./problems.ts";
import { readThrift } from "./thrift.ts";
import { openRuns } from "./runs.ts";
import { CODECS } from "./unpack.ts";
import { ENCODING, openPlain, openValues } from "./values.ts";
import type { TakeValues } from "./values.ts";

/** A dictionary may have values that no row has, but not any number of them. */
const MAX_DICTIONARY_VALUES = 1 << 20;

/** The heads of most pages are shorter: so much is read of one that may be passed by. */
const HEAD_BYTES = 1024;
/** The head of a page is longer than this only in broken files. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Where a chunk lies, and how it is read. */
export interface ChunkPlace {
  /** The file. */
  file: FileToDecode;
  /** The column. */
  column: FileColumn;
  /** The codec, by number. */
  codec: number;
  /** The first byte. */
  offset: number;
  /** Bytes of it. */
  length: number;
  /** Rows in it. */
  rows: number;
  /** Which row of the table its first is, from 1, for messages. */
  firstRow: number;
  /** A page that says it has more bytes is refused. */
  maxPageBytes: number;
  /** As much is read at once. */
  windowBytes: number;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/** The cells of a chunk, in order. */
export interface ChunkReader {
  /** Passes cells by; pages that have no others are not read. */
  skip(count: number): Promise<void>;
  /** The next cells. */
  take(count: number): Promise<Cell[]>;
}

/** Opens a chunk. Nothing is read before cells are asked for. */
export function openChunk(place: ChunkPlace): ChunkReader {
  const { file, column, codec, maxPageBytes, windowBytes, signal } = place;
  const { path } = file;
  const end = place.offset + place.length;
  const isOptional = column.column.nullable === true;
  let at = place.offset;
  let dictionary: Cell[] | undefined;
  let unread = place.rows; // in pages that have not begun
  let left = 0; // in the page
  let takeCells: (count: number) => Cell[] = () => [];
  let row = place.firstRow;

  const corrupt = (state: string, cause?: unknown) =>
    corruptTable(path, `column ${shown(column.column.name)}, from row ${row}: ${state}`, cause);
  const unsupported = (state: string, hint?: string) =>
    unsupportedTable(path, `column ${shown(column.column.name)}, from row ${row}: ${state}`, hint);

  const window = openWindow(file, { end, aheadBytes: windowBytes, refuse: corrupt, signal });
  const read = (length: number, ahead?: number) => window(at, length, ahead);

  async function readHead(ahead: number): Promise<PageHead> {
    for (let length = 256;; length *= 8) {
      const bytes = await read(Math.min(length, end - at), ahead);
      try {
        const head = readThrift<PageHead>(bytes, PAGE_HEAD);
        at += head.end;
        return head.value;
      } catch (error) {
        if (!(error instanceof ThriftProblem)) throw error;
        if (error.isCut && length < Math.min(end - at, MAX_HEAD_BYTES)) continue;
        throw corrupt(`the head of a page is damaged: ${error.message}`, error);
      }
    }
  }

  function unpacked(packed: Uint8Array, size: number): Uint8Array {
    const bytes = CODECS[codec].unpack!(packed, size);
    if (bytes.byteLength !== size) {
      throw corrupt(`a page has ${bytes.byteLength} bytes, not ${size}`);
    }
    return bytes;
  }

  async function readBody({ size, packed, crc }: PageHead): Promise<Uint8Array> {
    if (size < 0 || packed < 0) throw corrupt("a page has fewer bytes than none");
    if (Math.max(size, packed) > maxPageBytes) {
      const hint = "Pass a larger maxPageBytes where the file can be trusted.";
      throw unsupported(
        `a page has ${Math.max(size, packed)} bytes, ${maxPageBytes} are allowed`,
        hint,
      );
    }
    const body = await read(packed);
    at += packed;
    if (crc !== undefined && crc32(body) !== crc >>> 0) throw corrupt("a page has another sum");
    return body;
  }

  /** Begins the next page of data; false where the next cells to be skipped are all of it. */
  async function nextPage(skipping: number): Promise<boolean> {
    for (;;) {
      if (unread === 0 || at >= end) throw corrupt("it has too few cells");
      const head = await readHead(skipping > 0 ? HEAD_BYTES : windowBytes);
      const { kind, data, data2 } = head;
      const said = kind === DATA ? data : kind === DATA_V2 ? data2 : undefined;
      if (said !== undefined) return await openPage(head, said.values, skipping);
      if (kind === DICTIONARY) await readDictionary(head);
      else if (kind === INDEX) await readBody(head);
      else throw corrupt("a page is of a kind that there is not");
    }
  }

  async function openPage(head: PageHead, cells: number, skipping: number): Promise<boolean> {
    if (cells < 0 || cells > unread) throw corrupt("a page has more cells than there are rows");
    unread -= cells;
    left = cells;
    if (cells <= skipping && cells > 0 && head.packed >= 0) {
      at += head.packed;
      return false;
    }
    const body = await readBody(head);
    takeCells = guarded(() => head.kind === DATA ? openData(body, head) : openDataV2(body, head));
    return true;
  }

  async function readDictionary(head: PageHead): Promise<void> {
    if (dictionary !== undefined || head.dictionary === undefined) {
      throw corrupt("its dictionary is damaged");
    }
    const { values, encoding } = head.dictionary;
    // A few bytes can say that an empty text is there a million times, and each takes a hundred in memory.
    if (values > Math.max(place.rows, MAX_DICTIONARY_VALUES)) {
      throw unsupported(`its dictionary has ${values} values, for ${place.rows} rows`);
    }
    const body = await readBody(head);
    if (encoding !== ENCODING.plain && encoding !== ENCODING.plainDictionary) {
      throw unsupported("its dictionary is in an encoding that is not read here");
    }
    dictionary = guarded(() =>
      openPlain(viewOf(unpacked(body, head.size)), 0, column.type)(values).map(column.toCell)
    );
  }

  /** What a page throws, with the column and the row. */
  function guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (isRegistryError(error)) throw error;
      if (error instanceof InexactCell) throw unsupported(error.message);
      throw corrupt(`a page is damaged (${messageOf(error).slice(0, 200)})`, error);
    }
  }

  function openData(body: Uint8Array, { size, data }: PageHead): (count: number) => Cell[] {
    const view = viewOf(unpacked(body, size));
    if (!isOptional) return openCells(view, 0, data!.encoding);
    if (data!.levels !== ENCODING.runs) {
      throw unsupported("its nulls are in an encoding that is not read here");
    }
    const length = view.getUint32(0, true);
    const levels = new DataView(
      view.buffer,
      view.byteOffset + 4,
      Math.min(length, view.byteLength - 4),
    );
    return withNulls(levels, openCells(view, 4 + length, data!.encoding));
  }

  function openDataV2(body: Uint8Array, { size, data2 }: PageHead): (count: number) => Cell[] {
    const { encoding, levelBytes, repeatBytes, packed = true } = data2!;
    if (repeatBytes !== 0 || levelBytes < 0 || levelBytes > body.byteLength) {
      throw corrupt("its levels are damaged");
    }
    const levels = viewOf(body.subarray(0, levelBytes));
    const rest = body.subarray(levelBytes);
    const bytes = packed && codec !== 0 && size > levelBytes
      ? unpacked(rest, size - levelBytes)
      : rest;
    const cells = openCells(viewOf(bytes), 0, encoding);
    return isOptional ? withNulls(levels, cells) : cells;
  }

  function openCells(view: DataView, from: number, encoding: number): (count: number) => Cell[] {
    if (encoding === ENCODING.dictionary || encoding === ENCODING.plainDictionary) {
      return fromDictionary(view, from);
    }
    let take: TakeValues | undefined; // at the first value: a page of nulls has none
    return (count) => {
      if (count === 0) return [];
      take ??= openValues(view, from, { encoding, type: column.type, maxBytes: maxPageBytes });
      if (take === undefined) throw unsupported("it is in an encoding that is not read here");
      return take(count).map(column.toCell);
    };
  }

  function fromDictionary(view: DataView, from: number): (count: number) => Cell[] {
    let take: ((count: number) => number[]) | undefined;
    return (count) => {
      if (count === 0) return [];
      if (dictionary === undefined) throw corrupt("it has no dictionary");
      const cells = dictionary;
      take ??= openRuns(view, from + 1, view.getUint8(from));
      return take(count).map((index) => {
        if (index < cells.length) return cells[index];
        throw corrupt(`its dictionary has no value ${index}`);
      });
    };
  }

  return {
    async skip(count) {
      for (let skipped = 0; skipped < count;) {
        if (left === 0 && !(await nextPage(count - skipped))) {
          skipped += left;
          row += left;
          left = 0;
          continue;
        }
        const some = Math.min(left, count - skipped, 4096);
        guarded(() => takeCells(some));
        skipped += some;
        row += some;
        left -= some;
      }
    },
    async take(count) {
      let cells: Cell[] = [];
      while (cells.length < count) {
        if (left === 0) await nextPage(0);
        const some = Math.min(left, count - cells.length);
        if (some === 0) continue;
        const next = guarded(() => takeCells(some));
        cells = cells.length === 0 ? next : cells.concat(next);
        row += some;
        left -= some;
      }
      return cells;
    },
  };
}
