// The footer of a Parquet file: its schema and where its columns lie, after
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/format.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import { ThriftProblem } from "./problems.ts";
import { readThrift } from "./thrift.ts";
import type { ThriftStruct } from "./thrift.ts";

/** As much is read at once from the end: most footers are in it. */
const TAIL_BYTES = 65_536;
/** Bytes of the length of the footer and of the mark behind it. */
const END_BYTES = 8;

/** What annotates a type. */
export interface LogicalType {
  /** Text. */
  string?: object;
  /** A name out of a few, as text. */
  enum?: object;
  /** JSON, as text. */
  json?: object;
  /** A day. */
  date?: object;
  /** A moment, or a local time. */
  timestamp?: { utc: boolean; unit: { millis?: object; micros?: object; nanos?: object } };
  /** A whole number. */
  integer?: { bits: number; signed: boolean };
}

/** A node of the schema. */
export interface SchemaElement {
  /** The physical type, of a column: 0 BOOLEAN, 1 INT32, 2 INT64, 3 INT96, 4 FLOAT, 5 DOUBLE, 6 BYTE_ARRAY, 7 fixed. */
  type?: number;
  /** 0 required, 1 optional, 2 repeated. */
  repetition?: number;
  /** Its name. */
  name: string;
  /** How many nodes are below it. */
  children?: number;
  /** What it means, as old files say it. */
  converted?: number;
  /** What it means; what is not known here is an empty object. */
  logical?: LogicalType;
}

/** Where the values of one column of one row group lie. */
export interface ColumnChunk {
  /** The other file that it lies in. */
  file?: string;
  /** What it has; absent where it is encrypted. */
  meta?: {
    type: number;
    codec: number;
    values: number;
    compressed: number;
    data: number;
    dictionary?: number;
  };
}

/** Rows that lie together, column by column. */
export interface RowGroup {
  /** The columns, in the order of the leaves of the schema. */
  columns: ColumnChunk[];
  /** Number of rows. */
  rows: number;
}

/** What a footer says. */
export interface Footer {
  /** The nodes of the schema, each before those below it. */
  schema: SchemaElement[];
  /** Number of rows. */
  rows: number;
  /** The row groups, in order. */
  groups: RowGroup[];
}

const NOTHING: ThriftStruct = { fields: {} };
const SCHEMA_ELEMENT: ThriftStruct = {
  fields: {
    1: ["type", "integer"],
    3: ["repetition", "integer"],
    4: ["name!", "text"],
    5: ["children", "integer"],
    6: ["converted", "integer"],
    10: ["logical", {
      fields: {
        1: ["string", NOTHING],
        4: ["enum", NOTHING],
        6: ["date", NOTHING],
        8: ["timestamp", {
          fields: {
            1: ["utc!", "boolean"],
            2: ["unit!", {
              fields: { 1: ["millis", NOTHING], 2: ["micros", NOTHING], 3: ["nanos", NOTHING] },
            }],
          },
        }],
        10: ["integer", { fields: { 1: ["bits!", "integer"], 2: ["signed!", "boolean"] } }],
        12: ["json", NOTHING],
      },
    }],
  },
};
const COLUMN_CHUNK: ThriftStruct = {
  fields: {
    1: ["file", "text"],
    2: ["offset!", "integer"],
    3: ["meta", {
      fields: {
        1: ["type!", "integer"],
        4: ["codec!", "integer"],
        5: ["values!", "integer"],
        7: ["compressed!", "integer"],
        9: ["data!", "integer"],
        11: ["dictionary", "integer"],
      },
    }],
  },
};
const FOOTER: ThriftStruct = {
  fields: {
    2: ["schema!", { list: SCHEMA_ELEMENT }],
    3: ["rows!", "integer"],
    4: ["groups!", {
      list: { fields: { 1: ["columns!", { list: COLUMN_CHUNK }], 3: ["rows!", "integer"] } },
    }],
    8: ["encryption", NOTHING],
  },
};

/** Reads the footer: the end of the file, and no more. */
export async function readFooter(
  file: FileToDecode,
  maxFooterBytes: number,
  signal?: AbortSignal,
): Promise<Footer> {
  const { path, size } = file;
  if (size < 4 + END_BYTES) throw corruptTable(path, "it is no Parquet file");
  const tailBytes = Math.min(size, TAIL_BYTES);
  const tail = await readAll(file.stream({ offset: size - tailBytes, length: tailBytes }), signal);
  if (tail.byteLength !== tailBytes) {
    throw corruptTable(path, `it gave ${tail.byteLength} bytes, not ${tailBytes}`);
  }
  const mark = String.fromCharCode(...tail.subarray(-4));
  if (mark === "PARE") throw unsupportedTable(path, "it is encrypted");
  if (mark !== "PAR1") throw corruptTable(path, "it is no Parquet file, or cut off");
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tailBytes - END_BYTES, true);
  if (length > size - END_BYTES - 4) {
    throw corruptTable(path, `its footer has ${length} bytes, and it has ${size}`);
  }
  if (length > maxFooterBytes) {
    const hint = "Pass a larger maxFooterBytes where the file can be trusted.";
    throw unsupportedTable(
      path,
      `its footer has ${length} bytes, ${maxFooterBytes} are allowed`,
      hint,
    );
  }
  const bytes = length + END_BYTES <= tailBytes
    ? tail.subarray(tailBytes - END_BYTES - length, tailBytes - END_BYTES)
    : await readAll(file.stream({ offset: size - END_BYTES - length, length }), signal);
  try {
    const { value } = readThrift<Footer & { encryption?: object }>(bytes, FOOTER);
    if (value.encryption !== undefined) throw unsupportedTable(path, "it is encrypted");
    return value;
  } catch (error) {
    if (!(error instanceof ThriftProblem)) throw error;
    throw corruptTable(path, `its footer is damaged: ${error.message}`, error);
  }
}
