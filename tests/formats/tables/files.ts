// Fixtures of the tests of tables in files.
import { assert, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import type { Column, ColumnType, Row, Table } from "../../../formats/tables/table.ts";
import { fileOf } from "../format_files.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";

export const CELLS = {
  string: fc.string({ unit: CODE_POINT }),
  number: fc.double(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  boolean: fc.boolean(),
  date: fc.date({ noInvalidDate: true }),
} satisfies Record<ColumnType, fc.Arbitrary<unknown>>;

/** Arbitrary tables with up to twenty rows and cells that pass `isKept`. */
export function tablesOf(
  cells: Record<ColumnType, fc.Arbitrary<unknown>>,
  isKept: (cell: unknown, nullable: boolean) => boolean = () => true,
): fc.Arbitrary<{ columns: Column[]; rows: Row[] }> {
  const name = fc.oneof(
    fc.string({ minLength: 1, unit: CODE_POINT }),
    fc.constantFrom("__proto__", "2024", "\ufeff", "a.b"),
  );
  const type = fc.constantFrom(...Object.keys(cells) as ColumnType[]);
  const columns = fc.uniqueArray(fc.record({ name, type, nullable: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ name }) => name,
  });
  return columns.chain((columns) => {
    const row = fc.tuple(...columns.map(({ type, nullable }) => {
      const cell = cells[type].filter((cell) => isKept(cell, nullable));
      return nullable ? fc.option(cell) : cell;
    })).map((cells) => Object.fromEntries(cells.map((cell, i) => [columns[i].name, cell])) as Row);
    return fc.record({ columns: fc.constant(columns), rows: fc.array(row, { maxLength: 20 }) });
  });
}

export const anyTable = tablesOf(CELLS);

/** A file in memory that records the requested ranges. */
export function countedFile(
  bytes: Uint8Array,
): FileToDecode & { asked: { offset: number; length: number }[] } {
  const file = fileOf(bytes, "counted.parquet");
  const asked: { offset: number; length: number }[] = [];
  return {
    ...file,
    asked,
    bytes: () => Promise.reject(new Error("the whole file was read")),
    stream(range) {
      asked.push({ offset: range?.offset ?? 0, length: range?.length ?? bytes.byteLength });
      return file.stream(range);
    },
  };
}

/** Returns text that hardly compresses, another for each seed. */
export function noise(seed: number, length: number): string {
  let state = seed;
  const letters = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    letters[i] = 33 + (state >>> 0) % 90;
  }
  return new TextDecoder().decode(letters);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** The rows of the files written by pyarrow. */
export const WRITTEN: Row[] = [
  { s: "a", i: MAX_INT64, n: 1.5, b: true, t: new Date(0), w: 1 },
  { s: null, i: -MAX_INT64 - 1n, n: -0, b: null, t: new Date(-1), w: 2 },
  { s: "é😀", i: null, n: NaN, b: false, t: new Date(1_700_000_000_123), w: 3 },
  { s: "a", i: 0n, n: null, b: true, t: null, w: 4 },
  { s: "", i: 1n, n: Infinity, b: true, t: new Date(1), w: 4_294_967_295 },
];

/** Reads the first rows and a column. Returns the message of a known error, throws others. */
export async function tryOut(
  format: { decode(file: FileToDecode): Promise<Table> | Table },
  file: FileToDecode,
): Promise<string | undefined> {
  try {
    const table = await format.decode(file);
    let rows = 0;
    for await (const _row of table.rows()) if (++rows === 1000) break;
    if (table.columns.length > 0) await table.column(table.columns[0].name);
  } catch (error) {
    const isKnown = isRegistryError(error, "Corrupt", "Unsupported");
    assert(isKnown, error instanceof Error ? error.stack : String(error));
    assertStringIncludes(error.message, file.path);
    return error.message;
  }
}
