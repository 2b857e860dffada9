// The footer of a Parquet file: its schema and its row groups
// (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
import { readAll } from "../../core/bytes/bytes.ts";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { corruptTable, tooLargeTable, unsupportedTable } from "../content/file_faults.ts";
import { Damage, natural, readThrift, structs, type Thrift } from "./thrift.ts";

/** Size of the first read, at the end of the file. */
const TAIL_BYTES = 65_536;
const END_BYTES = 8;

export interface SchemaElement {
  name: string;
  type?: number;
  /** 0 required, 1 optional, 2 repeated. */
  repetition: number;
  children: number;
  converted?: number;
  logical?: Thrift;
}

interface ColumnChunk {
  isElsewhere: boolean;
  /** Absent if encrypted. */
  meta?: { type: number; codec: number; values: number; bytes: number; offset: number };
  /** Its smallest and its largest value, as bytes. */
  bounds?: readonly [Uint8Array, Uint8Array];
}

/** Rows stored together: a chunk per leaf of the schema. */
export interface RowGroup {
  columns: ColumnChunk[];
  rows: number;
}

interface Footer {
  schema: SchemaElement[];
  rows: number;
  groups: RowGroup[];
  /** Values that programs note, by key. */
  notes: ReadonlyMap<string, string>;
}

/** Longest footer; decoding takes several times its size. */
const MAX_FOOTER_BYTES = 32 * 1024 * 1024;

export async function readFooter(
  file: FileToDecode,
  { signal, maxBytes = MAX_FOOTER_BYTES }: { signal?: AbortSignal; maxBytes?: number } = {},
): Promise<Footer> {
  const { path, size } = file;
  if (size < 4 + END_BYTES) throw corruptTable(path, "not a Parquet file");
  const read = async (offset: number, length: number) => {
    const bytes = await readAll(file.stream({ offset, length }), signal);
    if (bytes.byteLength === length) return bytes;
    throw corruptTable(path, `expected ${length} bytes, got ${bytes.byteLength}`);
  };
  const tailBytes = Math.min(size, TAIL_BYTES);
  const tail = await read(size - tailBytes, tailBytes);
  const mark = String.fromCharCode(...tail.subarray(-4));
  if (mark === "PARE") throw unsupportedTable(path, "it is encrypted");
  if (mark !== "PAR1") throw corruptTable(path, "not a Parquet file, or truncated");
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tailBytes - END_BYTES, true);
  if (length > size - END_BYTES - 4) {
    throw corruptTable(path, `its footer has ${length} bytes, the file has ${size}`);
  }
  if (length > maxBytes) {
    throw tooLargeTable(path, { part: "its footer", bytes: length, most: maxBytes });
  }
  const bytes = length + END_BYTES <= tailBytes
    ? tail.subarray(tailBytes - END_BYTES - length, tailBytes - END_BYTES)
    : await read(size - END_BYTES - length, length);
  try {
    const { value } = readThrift(bytes);
    if (value.field_8 !== undefined) throw unsupportedTable(path, "it is encrypted");
    return footerOf(value);
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw corruptTable(path, `footer is damaged: ${messageOf(error).slice(0, 200)}`, error);
  }
}

function footerOf(thrift: Thrift): Footer {
  const schema = structs(thrift.field_2).map(elementOf);
  const leaves = schema.slice(1).filter(({ children }) => children === 0).length;
  const stored = structs(thrift.field_4);
  const wrong = stored.findIndex(({ field_1: columns }) => structs(columns).length !== leaves);
  if (wrong >= 0) throw new Damage(`columns of row group ${wrong + 1} do not match the schema`);
  // Columns without rows may have no pages, and then places that mean nothing.
  const groups = stored.filter(({ field_3: rows }) => natural(rows) > 0).map((group) => ({
    columns: structs(group.field_1).map(chunkOf),
    rows: natural(group.field_3),
  }));
  checkPlaces(groups);
  const notes = structs(thrift.field_5 ?? []).flatMap(({ field_1: key, field_2: value }) =>
    value === undefined ? [] : [[LOOSE.decode(key), LOOSE.decode(value)] as const]
  );
  const rows = groups.reduce((sum, { rows }) => sum + rows, 0);
  return { schema, rows, groups, notes: new Map(notes) };
}

/** Throws for columns that share bytes: a small file could then have a page for thousands. */
function checkPlaces(groups: readonly RowGroup[]): void {
  const chunks = groups.flatMap(({ columns }) => columns)
    .filter(({ isElsewhere, meta }) => !isElsewhere && meta !== undefined && meta.bytes > 0)
    .map(({ meta }) => meta!);
  let end = 0;
  for (const { offset, bytes } of chunks.sort((one, other) => one.offset - other.offset)) {
    if (offset < end) throw new Damage(`columns overlap at byte ${offset}`);
    end = offset + bytes;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LOOSE = new TextDecoder(); // notes may be bytes

function elementOf(element: Thrift): SchemaElement {
  return {
    name: UTF8.decode(element.field_4),
    type: element.field_1,
    repetition: natural(element.field_3, 0),
    children: natural(element.field_5, 0),
    converted: element.field_6,
    logical: element.field_10,
  };
}

function chunkOf({ field_1: path, field_3: meta }: Thrift): ColumnChunk {
  if (meta === undefined) return { isElsewhere: path !== undefined };
  const data = natural(meta.field_9);
  const dictionary = natural(meta.field_11, 0);
  const { field_5: max, field_6: min } = meta.field_12 ?? {};
  return {
    isElsewhere: path !== undefined,
    ...min instanceof Uint8Array && max instanceof Uint8Array && { bounds: [min, max] },
    meta: {
      type: natural(meta.field_1),
      codec: natural(meta.field_4),
      values: natural(meta.field_5),
      bytes: natural(meta.field_7),
      offset: dictionary > 0 ? Math.min(dictionary, data) : data,
    },
  };
}
