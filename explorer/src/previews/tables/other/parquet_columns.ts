// Columns of Parquet that the formats of the library refuse, as text for people: decimals, lists,
// structs, maps, times of day, 16-bit floats, bytes and UUIDs. hyparquet decodes them; values are
// written here, so that no digit is lost.
import { parquetMetadataAsync, parquetSchema } from "npm:hyparquet@1.31.5/src/metadata.js";
import { parquetRead } from "npm:hyparquet@1.31.5/src/read.js";
import type { FileMetaData, SchemaElement } from "npm:hyparquet@1.31.5";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { concatBytes, readAll } from "../../../../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../../../../core/file_store.ts";
import { unpackLz4 } from "../../../../../formats/compression/lz4.ts";
import type { Cell } from "../../../../../formats/tables/table.ts";
import type { Feature } from "./features.ts";
import { isText, mediaShape, type Shape, shapeOf } from "./parquet_shapes.ts";

/** Bytes of the columns of a row group that are decoded. */
const MAX_GROUP_BYTES = 64 * 1024 * 1024;

export interface OtherColumns {
  /** The type as shown, by the name of a column that can be read. */
  readonly types: ReadonlyMap<string, string>;
  /** Reads rows of columns, which are in one row group. Returns the cells of each column. */
  read(names: readonly string[], from: number, to: number): Promise<Cell[][]>;
  /** Reads the bytes of an image or of audio, if the table has them. */
  media(name: string, row: number): Promise<Uint8Array | undefined>;
}

/** Rows whose media are decoded at once, and kept until others are asked for. */
const MEDIA_ROWS = 50;

/** Opens the columns with these names. */
export async function openOtherColumns(
  file: FileToDecode,
  names: readonly string[],
  features: ReadonlyMap<string, Feature>,
  signal?: AbortSignal,
): Promise<OtherColumns> {
  const buffer = {
    byteLength: file.size,
    async slice(from: number, to = file.size) {
      const bytes = await readAll(file.stream({ offset: from, length: to - from }), signal);
      return concatBytes([bytes]).buffer as ArrayBuffer;
    },
  };
  const metadata = await parquetMetadataAsync(buffer);
  const shapes = new Map<string, Shape>();
  for (const node of parquetSchema(metadata).children) {
    const { name } = node.element;
    const bytes = largestGroup(metadata, name);
    if (!names.includes(name) || bytes > MAX_GROUP_BYTES) continue;
    const shape = mediaShape(node, features.get(name)) ?? shapeOf(node);
    if (shape !== undefined) shapes.set(name, shape);
  }
  const plain = withoutMeanings(metadata);
  async function valuesOf(names: readonly string[], rowStart: number, rowEnd: number) {
    let rows: unknown[][] = [];
    await parquetRead({
      file: buffer,
      metadata: plain,
      columns: [...names],
      rowStart,
      rowEnd,
      utf8: false,
      compressors,
      parsers,
      onComplete: (read) => rows = read as unknown[][],
    });
    return rows;
  }
  let last: { name: string; first: number; rows: Promise<unknown[][]> } | undefined;
  return {
    types: new Map(Array.from(shapes, ([name, { type }]) => [name, type])),
    async media(name, row) {
      const first = row - row % MEDIA_ROWS;
      if (last?.name !== name || last.first !== first) {
        const kept = { name, first, rows: valuesOf([name], first, first + MEDIA_ROWS) };
        last = kept;
        kept.rows.catch(() => last === kept && (last = undefined)); // the next call reads again
      }
      const [value] = (await last.rows)[row - first] ?? [];
      const { bytes } = value as { bytes?: unknown } | null ?? {};
      return bytes instanceof Uint8Array ? bytes.slice() : undefined; // its memory is transferred
    },
    async read(names, rowStart, rowEnd) {
      const rows = await valuesOf(names, rowStart, rowEnd);
      return names.map((name, i) => {
        const shape = shapes.get(name);
        return rows.map((row) => shape === undefined ? null : shape.cellOf(row[i] ?? null));
      });
    },
  };
}

function largestGroup({ row_groups }: FileMetaData, name: string): number {
  const sizes = row_groups.map(({ columns }) =>
    columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === name)
      .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0)
  );
  return Math.max(0, ...sizes);
}

/**
 * Returns the schema with stored values: the meaning of leaves that are not text is left out. So is
 * that of maps, which hyparquet would make objects: they lose keys that are there twice.
 */
function withoutMeanings(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element): SchemaElement => {
    if (element.num_children) {
      return element.converted_type === "MAP" ? { ...element, converted_type: undefined } : element;
    }
    const { name, type, type_length, repetition_type, field_id } = element;
    const plain: SchemaElement = { name, type, type_length, repetition_type, field_id };
    return isText(element) ? { ...plain, converted_type: "UTF8" } : plain;
  });
  return { ...metadata, schema };
}

const parsers = { timestampFromNanoseconds: (value: bigint) => value };

type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

const unpackGzip: Unpack = (packed, size) => gunzipSync(packed, { maxOutputLength: size || 1 });

const compressors = {
  GZIP: unpackGzip,
  ZSTD: (packed: Uint8Array, size: number) =>
    zstdDecompressSync(packed, { maxOutputLength: size || 1 }),
  LZ4_RAW: unpackLz4,
};
