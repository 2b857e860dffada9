// The cells of one column in one row group, read page by page.
import { viewOf } from "../arrays/view_bytes.ts";
import { giveWay } from "../../core/work/next_turn.ts";
import { crc32 } from "node:zlib";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { openWindow } from "../content/window.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cells } from "../tables/cells.ts";
import { InexactCell } from "../tables/exact_cells.ts";
import { corruptTable, tooLargeTable, unsupportedTable } from "../content/file_faults.ts";
import { type FileColumn, PHYSICAL } from "./columns.ts";
import type { RowGroup } from "./footer.ts";
import {
  type CellReader,
  converted,
  countPresent,
  Dictionary,
  NullableCells,
  type PresentReader,
} from "./page_cells.ts";
import { CutOff, Damage, natural, readThrift, type Thrift } from "./thrift.ts";
import { CODECS, type Unpack } from "./unpack.ts";
import { ENCODING, listValues, openValues } from "./values.ts";

/** The kinds of pages. Levels of version 2 are not packed. */
const PAGE = { data: 0, index: 1, dictionary: 2, data2: 3 };
/** Maximum number of values of a dictionary, unless there are more rows. */
const MAX_DICTIONARY_VALUES = 1 << 20;
/** Read-ahead for the head of a page that may be skipped; most are shorter. */
const HEAD_BYTES = 1024;
/** Longer heads are damaged. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** The least memory of a value: of text, an index of the dictionary. */
const TEXT_BYTES = 4, NUMBER_BYTES = 8;

/** Inputs of {@linkcode openChunk}. */
interface ChunkPlace {
  file: FileToDecode;
  column: FileColumn;
  group: RowGroup;
  firstRow: number;
  windowBytes: number;
  /** Largest page, packed, unpacked and as values. */
  maxPageBytes: number;
  signal?: AbortSignal;
}

/** The head of a page of data, or of a dictionary, and where its body begins. */
interface Page {
  at: number;
  kind: number;
  size: number;
  packed: number;
  crc?: number;
  values: number;
  encoding: number;
  head: Thrift;
}

/** Opens a chunk. Reads nothing until cells are needed. */
export function openChunk(place: ChunkPlace): ChunkReader {
  const { file: { path, size }, column: { column, leaf, type }, group } = place;
  const name = `column ${shown(column.name)}`;
  const { isElsewhere, meta } = group.columns[leaf]!;
  if (isElsewhere) throw unsupportedTable(path, `${name}: it is in another file`);
  if (meta === undefined) throw unsupportedTable(path, `${name}: it is encrypted`);
  const { offset, bytes, codec, values } = meta;
  if (meta.type !== type || values !== group.rows || offset < 4 || offset + bytes > size) {
    throw corruptTable(path, `${name}: invalid offset, size or type`);
  }
  const unpack = CODECS[codec]?.unpack;
  if (unpack === undefined) {
    const packing = CODECS[codec]?.name ?? `codec ${codec}`;
    throw unsupportedTable(path, `${name}: it is packed with ${packing}`);
  }
  return new ChunkReader(place, { unpack, offset, end: offset + bytes });
}

/** Size of the current page, with a dictionary that is not read yet, bytes. */
export interface PageSize {
  packed: number;
  unpacked: number;
}

export class ChunkReader {
  /** Number of unread cells of the current page. */
  left = 0;
  readonly #place: ChunkPlace;
  readonly #unpack: Unpack;
  /** The row that the next cell belongs to. */
  #row: number;
  #at: number;
  #end: number;
  /** Rows of later pages. */
  #unread: number;
  #dictionaryPage?: Page;
  #dictionary?: Dictionary;
  #page?: Page;
  /** Cells of the page that were taken or skipped. */
  #passed = 0;
  /** The cells of the page, once its body is read, and how many of them were passed. */
  #cells?: CellReader & { passed: number };
  #read: ReturnType<typeof openWindow>;

  constructor(
    place: ChunkPlace,
    { unpack, offset, end }: { unpack: Unpack; offset: number; end: number },
  ) {
    this.#place = place;
    this.#unpack = unpack;
    this.#row = place.firstRow;
    this.#at = offset;
    this.#end = end;
    this.#unread = place.group.rows;
    this.#read = this.#openWindow();
  }

  /** Skips cells. Reads heads of pages alone. */
  async skip(count: number): Promise<void> {
    for (let skipped = 0; skipped < count;) {
      if (this.left === 0) await this.#nextPage(count - skipped);
      const some = Math.min(this.left, count - skipped);
      this.#pass(some);
      skipped += some;
    }
  }

  /** Finds the next page if no cell is left. */
  async find(): Promise<PageSize> {
    if (this.left === 0) await this.#nextPage(0);
    const pages = this.#cells === undefined ? [this.#page!] : [];
    if (this.#dictionary === undefined && this.#dictionaryPage) pages.push(this.#dictionaryPage);
    const sum = (member: "packed" | "size") => pages.reduce((sum, page) => sum + page[member], 0);
    return { packed: sum("packed"), unpacked: sum("size") };
  }

  /** Reads the bytes of the page that was found, ahead of {@linkcode fill}. */
  async fetch(): Promise<void> {
    const page = this.#page!;
    const { at } = this.#dictionary === undefined && this.#dictionaryPage || page;
    const length = page.at + page.packed - at;
    if (this.#cells === undefined) await this.#read(at, length, length);
  }

  /** Unpacks the page, or the next one if no cell is left. */
  async fill(): Promise<void> {
    if (this.left === 0) await this.#nextPage(0);
    if (this.#cells === undefined) await this.#open(this.#page!);
  }

  take(count: number): Cells {
    const batch = this.#guarded(() => {
      const cells = this.#cells!;
      cells.skip(this.#passed - cells.passed);
      cells.passed = this.#passed + count;
      return cells.take(count);
    });
    this.#pass(count);
    return batch;
  }

  /** Drops what is unpacked or was read ahead. It is read again when it is needed. */
  release(): void {
    this.#cells = this.#dictionary = undefined;
    this.#read = this.#openWindow();
  }

  #pass(count: number): void {
    this.#passed += count;
    this.left -= count;
    this.#row += count;
  }

  #openWindow(): ReturnType<typeof openWindow> {
    const { file, windowBytes: aheadBytes, signal } = this.#place;
    const refuse = (state: string) => this.#corrupt(state);
    return openWindow(file, { end: this.#end, aheadBytes, refuse, signal });
  }

  #where(state: string): string {
    return `column ${shown(this.#place.column.column.name)}, from row ${this.#row}: ${state}`;
  }

  #corrupt(state: string, cause?: unknown) {
    return corruptTable(this.#place.file.path, this.#where(state), cause);
  }

  #unsupported(state: string) {
    return unsupportedTable(this.#place.file.path, this.#where(state));
  }

  /** Goes to the next page that has cells. One that is skipped as a whole is not read. */
  async #nextPage(skipping: number): Promise<void> {
    this.#cells = undefined;
    this.#passed = 0;
    for (;;) {
      if (this.#unread === 0 || this.#at >= this.#end) throw this.#corrupt("it has too few cells");
      const page = await this.#readHead(skipping > 0 ? HEAD_BYTES : this.#place.windowBytes);
      this.#at += page.packed;
      if (page.kind === PAGE.dictionary) {
        if (this.#dictionaryPage !== undefined) throw this.#corrupt("it has two dictionaries");
        this.#checkDictionary(page);
        this.#dictionaryPage = page;
        continue;
      }
      if (page.kind === PAGE.index) continue;
      const { values } = page;
      if (values > this.#unread) throw this.#corrupt("a page has more cells than rows are left");
      this.#unread -= values;
      this.#page = page;
      this.left = values;
      if (values > 0) return;
    }
  }

  async #readHead(ahead: number): Promise<Page> {
    for (let length = 256;; length *= 8) {
      const remainingBytes = this.#end - this.#at;
      const bytes = await this.#read(this.#at, Math.min(length, remainingBytes), ahead);
      try {
        const { value: head, end } = readThrift(bytes);
        this.#at += end;
        const kind = natural(head.field_1);
        const data = [head.field_5, {}, head.field_7, head.field_8][kind];
        if (data === undefined) throw new Damage("unknown kind");
        const isIndex = kind === PAGE.index;
        return {
          kind,
          head,
          size: natural(head.field_2),
          packed: natural(head.field_3),
          at: this.#at,
          crc: head.field_4,
          values: natural(data.field_1, isIndex ? 0 : undefined),
          encoding: natural(
            kind === PAGE.data2 ? data.field_4 : data.field_2,
            isIndex ? 0 : undefined,
          ),
        };
      } catch (error) {
        if (error instanceof CutOff && length < Math.min(remainingBytes, MAX_HEAD_BYTES)) continue;
        throw this.#corrupt(`the head of a page is damaged: ${messageOf(error)}`, error);
      }
    }
  }

  async #readBody({ at, size, packed, crc, values }: Page): Promise<Uint8Array> {
    const { column, maxPageBytes } = this.#place;
    const least = column.type === PHYSICAL.bytes ? TEXT_BYTES : NUMBER_BYTES;
    const bytes = Math.max(size, packed, values * least);
    if (bytes > maxPageBytes) {
      const part = this.#where("a page");
      throw tooLargeTable(this.#place.file.path, { part, bytes, most: maxPageBytes });
    }
    const body = await this.#read(at, packed);
    if (crc !== undefined && crc32(body) !== crc >>> 0) {
      throw this.#corrupt("page checksum mismatch");
    }
    return body;
  }

  async #unpacked(packed: Uint8Array, size: number): Promise<Uint8Array> {
    const turn = () => giveWay(this.#place.signal);
    const bytes = await this.#unpack(packed, size, turn);
    if (bytes.byteLength === size) return bytes;
    throw this.#corrupt(`a page has ${bytes.byteLength} bytes, expected ${size}`);
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  #faultOf(error: unknown): unknown {
    if (isRegistryError(error) || this.#place.signal?.aborted) return error;
    if (error instanceof InexactCell) return this.#unsupported(error.message);
    return this.#corrupt(`a page is damaged (${messageOf(error).slice(0, 200)})`, error);
  }

  #checkDictionary({ values, encoding }: Page): void {
    const { rows } = this.#place.group;
    // A few bytes can declare millions of empty strings.
    if (values > Math.max(rows, MAX_DICTIONARY_VALUES)) {
      throw this.#unsupported(`its dictionary has ${values} values, for ${rows} rows`);
    }
    if (encoding !== ENCODING.plain && encoding !== ENCODING.plainDictionary) {
      throw this.#unsupported("unsupported encoding of its dictionary");
    }
  }

  async #open(page: Page): Promise<void> {
    const dictionary = this.#dictionaryPage;
    if (dictionary !== undefined && this.#dictionary === undefined) {
      await this.#readDictionary(dictionary);
    }
    const body = await this.#readBody(page);
    try {
      const cells = page.kind === PAGE.data
        ? await this.#dataCells(page, body)
        : await this.#data2Cells(page, body);
      this.#cells = Object.assign(cells, { passed: 0 });
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  async #readDictionary(page: Page): Promise<void> {
    const { column } = this.#place;
    const body = await this.#readBody(page);
    try {
      const bytes = await this.#unpacked(body, page.size);
      this.#dictionary = new Dictionary(column, listValues(bytes, column.type, page.values));
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  async #dataCells(
    { head, size, values, encoding }: Page,
    packed: Uint8Array,
  ): Promise<CellReader> {
    const body = await this.#unpacked(packed, size);
    if (!this.#place.column.column.nullable) return this.#present(body, 0, { encoding, values });
    if (head.field_5.field_3 !== ENCODING.runs) {
      throw this.#unsupported("unsupported encoding of its nulls");
    }
    const from = 4 + viewOf(body).getUint32(0, true);
    const levels = body.subarray(4, from);
    return new NullableCells(levels, this.#present(body, from, { encoding, values, levels }));
  }

  async #data2Cells({ head, size, values, encoding }: Page, body: Uint8Array): Promise<CellReader> {
    const { field_5: levelBytes, field_6: repeats, field_7: isPacked } = head.field_8;
    const from = natural(repeats); // a flat column may still store repetition levels
    const start = from + natural(levelBytes);
    const length = size - start;
    if (start > body.byteLength || length < 0) throw new Damage("its levels are damaged");
    const packedValues = body.subarray(start);
    let bytes: Uint8Array = packedValues;
    if (length === 0) bytes = new Uint8Array();
    else if (isPacked !== false) bytes = await this.#unpacked(packedValues, length);
    if (bytes.byteLength !== length) throw new Damage("it is not packed, but has two sizes");
    if (!this.#place.column.column.nullable) return this.#present(bytes, 0, { encoding, values });
    const levels = body.subarray(from, start);
    return new NullableCells(levels, this.#present(bytes, 0, { encoding, values, levels }));
  }

  /** Opens the cells that are not null. */
  #present(
    body: Uint8Array,
    from: number,
    { encoding, values, levels }: { encoding: number; values: number; levels?: Uint8Array },
  ): PresentReader {
    const { column, maxPageBytes: maxBytes } = this.#place;
    const isIndexed = encoding === ENCODING.dictionary || encoding === ENCODING.plainDictionary;
    if (isIndexed && this.#dictionary !== undefined) {
      return this.#dictionary.reader(body.subarray(from));
    }
    const count = () => levels === undefined ? values : countPresent(levels, values);
    const encoded = { encoding, type: column.type, rows: values, count, maxBytes };
    const opened = openValues(body, from, encoded);
    if (opened !== undefined) return converted(column, opened);
    if (count() > 0 && isIndexed) throw new Damage("it has no dictionary");
    if (count() > 0) throw this.#unsupported("unsupported encoding");
    return converted(column, openValues(body, 0, { ...encoded, encoding: ENCODING.plain })!);
  }
}
