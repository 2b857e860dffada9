// The cells of one column in one row group, read page by page.
import { viewOf } from "../arrays/view_bytes.ts";
import { crc32 } from "node:zlib";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { openWindow } from "../content/window.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { type Cells, sliceCells, spreadCells } from "../tables/cells.ts";
import { InexactCell } from "../tables/exact_cells.ts";
import { corruptTable, unsupportedTable } from "../content/file_faults.ts";
import type { Cell, Numbers } from "../tables/table.ts";
import { type FileColumn, PHYSICAL, type Values } from "./columns.ts";
import type { RowGroup } from "./footer.ts";
import { CutOff, Damage, natural, readThrift, type Thrift } from "./thrift.ts";
import { CODECS, type Unpack } from "./unpack.ts";
import { ENCODING, readRuns, readValues } from "./values.ts";

/** The kinds of pages. Levels of version 2 are not packed. */
const PAGE = { data: 0, index: 1, dictionary: 2, data2: 3 };
/** Maximum number of values of a dictionary, unless there are more rows. */
const MAX_DICTIONARY_VALUES = 1 << 20;
/** Read-ahead for the head of a page that may be skipped; most are shorter. */
const HEAD_BYTES = 1024;
/** Longer heads are damaged. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;

/** Largest page, packed, unpacked and as values. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

/** Inputs of {@linkcode openChunk}. */
export interface ChunkPlace {
  file: FileToDecode;
  column: FileColumn;
  group: RowGroup;
  firstRow: number;
  windowBytes: number;
  signal?: AbortSignal;
}

/** The head of a page of data, or of a dictionary. */
interface Page {
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

export class ChunkReader {
  /** Number of unread cells in memory. */
  left = 0;
  readonly #place: ChunkPlace;
  readonly #unpack: Unpack;
  #cells: Cells = [];
  #row: number;
  #at: number;
  #end: number;
  #unread: number;
  #dictionary?: Numbers | Cell[];
  #read: ReturnType<typeof openWindow>;

  constructor(
    place: ChunkPlace,
    { unpack, offset, end }: { unpack: Unpack; offset: number; end: number },
  ) {
    this.#place = place;
    this.#unpack = unpack;
    const { file, windowBytes: aheadBytes, signal } = place;
    const refuse = (state: string) => this.#corrupt(state);
    this.#row = place.firstRow;
    this.#at = offset;
    this.#end = end;
    this.#unread = place.group.rows;
    this.#read = openWindow(file, { end, aheadBytes, refuse, signal });
  }

  async skip(count: number): Promise<void> {
    for (let skipped = 0; skipped < count;) {
      if (this.left === 0) await this.fill(count - skipped);
      const some = Math.min(this.left, count - skipped);
      this.left -= some;
      this.#row += some;
      skipped += some;
    }
  }

  /** Reads the next page if no cell is in memory; of a skipped page only the head. */
  async fill(skipping = 0): Promise<void> {
    while (this.left === 0) {
      if (this.#unread === 0 || this.#at >= this.#end) throw this.#corrupt("it has too few cells");
      const page = await this.#readHead(skipping > 0 ? HEAD_BYTES : this.#place.windowBytes);
      const { kind, values } = page;
      if (kind === PAGE.dictionary) await this.#readDictionary(page);
      else if (kind === PAGE.index) await this.#readBody(page);
      else {
        if (values > this.#unread) throw this.#corrupt("a page has more cells than rows are left");
        if (values <= skipping) this.#at += page.packed;
        else await this.#readCells(page);
        this.#unread -= values;
        this.left = values;
      }
    }
  }

  take(count: number): Cells {
    const length = Array.isArray(this.#cells) || ArrayBuffer.isView(this.#cells)
      ? this.#cells.length
      : this.#cells.values.length;
    const from = length - this.left;
    this.left -= count;
    this.#row += count;
    return sliceCells(this.#cells, from, from + count);
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

  async #readHead(ahead: number): Promise<Page> {
    for (let length = 256;; length *= 8) {
      const rest = this.#end - this.#at;
      const bytes = await this.#read(this.#at, Math.min(length, rest), ahead);
      try {
        const { value: head, end } = readThrift(bytes);
        this.#at += end;
        const kind = natural(head.field_1);
        const data = [head.field_5, {}, head.field_7, head.field_8][kind];
        if (data === undefined) throw new Damage("unknown kind");
        const isIndex = kind === PAGE.index;
        return {
          ...{ kind, head, size: natural(head.field_2), packed: natural(head.field_3) },
          crc: head.field_4,
          values: natural(data.field_1, isIndex ? 0 : undefined),
          encoding: natural(
            kind === PAGE.data2 ? data.field_4 : data.field_2,
            isIndex ? 0 : undefined,
          ),
        };
      } catch (error) {
        if (error instanceof CutOff && length < Math.min(rest, MAX_HEAD_BYTES)) continue;
        throw this.#corrupt(`the head of a page is damaged: ${messageOf(error)}`, error);
      }
    }
  }

  async #readBody({ size, packed, crc, values }: Page): Promise<Uint8Array> {
    const isText = this.#place.column.type === PHYSICAL.bytes;
    const bytes = Math.max(size, packed, values * (isText ? 1 : 8));
    if (bytes > MAX_PAGE_BYTES) {
      throw this.#unsupported(`a page has ${bytes} bytes, ${MAX_PAGE_BYTES} are allowed`);
    }
    const body = await this.#read(this.#at, packed);
    this.#at += packed;
    if (crc !== undefined && crc32(body) !== crc >>> 0) {
      throw this.#corrupt("page checksum mismatch");
    }
    return body;
  }

  #unpacked(packed: Uint8Array, size: number): Uint8Array {
    const bytes = this.#unpack(packed, size);
    if (bytes.byteLength === size) return bytes;
    throw this.#corrupt(`a page has ${bytes.byteLength} bytes, expected ${size}`);
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (isRegistryError(error)) throw error;
      if (error instanceof InexactCell) throw this.#unsupported(error.message);
      throw this.#corrupt(`a page is damaged (${messageOf(error).slice(0, 200)})`, error);
    }
  }

  async #readDictionary(page: Page): Promise<void> {
    const { values, encoding, size } = page;
    const { rows } = this.#place.group;
    if (this.#dictionary !== undefined) throw this.#corrupt("it has two dictionaries");
    // A few bytes can declare millions of empty strings.
    if (values > Math.max(rows, MAX_DICTIONARY_VALUES)) {
      throw this.#unsupported(`its dictionary has ${values} values, for ${rows} rows`);
    }
    if (encoding !== ENCODING.plain && encoding !== ENCODING.plainDictionary) {
      throw this.#unsupported("unsupported encoding of its dictionary");
    }
    const body = await this.#readBody(page);
    this.#dictionary = this.#guarded(() =>
      this.#decode(this.#unpacked(body, size), 0, ENCODING.plain, values)
    );
  }

  async #readCells(page: Page): Promise<void> {
    const body = await this.#readBody(page);
    this.#cells = this.#guarded(() =>
      page.kind === PAGE.data ? this.#dataCells(page, body) : this.#data2Cells(page, body)
    );
  }

  #dataCells({ head, size, values, encoding }: Page, packed: Uint8Array): Cells {
    const body = this.#unpacked(packed, size);
    if (!this.#place.column.column.nullable) return this.#decode(body, 0, encoding, values);
    if (head.field_5.field_3 !== ENCODING.runs) {
      throw this.#unsupported("unsupported encoding of its nulls");
    }
    const view = viewOf(body);
    const from = 4 + view.getUint32(0, true);
    return this.#nullable(body.subarray(4, from), body, from, { values, encoding });
  }

  #data2Cells({ head, size, values, encoding }: Page, body: Uint8Array): Cells {
    const { field_5: levels, field_6: repeats, field_7: isPacked } = head.field_8;
    const from = natural(repeats); // a flat column may still store repetition levels
    const start = from + natural(levels);
    const length = size - start;
    if (start > body.byteLength || length < 0) throw new Damage("its levels are damaged");
    const rest = body.subarray(start);
    let bytes: Uint8Array = rest;
    if (length === 0) bytes = new Uint8Array();
    else if (isPacked !== false) bytes = this.#unpacked(rest, length);
    if (bytes.byteLength !== length) throw new Damage("it is not packed, but has two sizes");
    if (!this.#place.column.column.nullable) return this.#decode(bytes, 0, encoding, values);
    return this.#nullable(body.subarray(from, start), bytes, 0, { values, encoding });
  }

  #nullable(
    levels: Uint8Array,
    body: Uint8Array,
    from: number,
    { values, encoding }: { values: number; encoding: number },
  ): Cells {
    const valid = readRuns(levels, 1, new Uint8Array(values));
    let present = 0;
    for (const level of valid) {
      if (level > 1) throw new Damage("a level is above 1");
      present += level;
    }
    return spreadCells(valid, this.#decode(body, from, encoding, present));
  }

  #decode(body: Uint8Array, from: number, encoding: number, count: number): Numbers | Cell[] {
    const { column: { type, toCells } } = this.#place;
    if (count > 0 && (encoding === ENCODING.dictionary || encoding === ENCODING.plainDictionary)) {
      return this.#fromDictionary(body.subarray(from), count);
    }
    const values: Values | undefined = readValues(body, from, {
      ...{ encoding, type, count, maxBytes: MAX_PAGE_BYTES },
    });
    if (values === undefined) throw this.#unsupported("unsupported encoding");
    return toCells(values);
  }

  #fromDictionary(body: Uint8Array, count: number): Numbers | Cell[] {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) throw new Damage("it has no dictionary");
    const indices = readRuns(body.subarray(1), body[0] ?? 0, new Uint32Array(count));
    const Cells = dictionary.constructor as new (length: number) => Cell[];
    const cells = new Cells(count);
    for (let i = 0; i < count; i++) {
      const index = indices[i]!;
      if (index >= dictionary.length) throw new Damage(`no value ${index} in its dictionary`);
      cells[i] = dictionary[index]!;
    }
    return cells;
  }
}
