// What tests of tables in files have in common: cells, tables, and files that note what is asked of
// them.
import fc from "fast-check";
import type { FileToDecode } from "../../../core/format.ts";
import type { Column, ColumnType, Row } from "../../../core/table.ts";
import { fileOf } from "../format_files.ts";

/** Cells of each type. */
export const CELLS = {
  string: fc.string({ unit: "binary" }),
  number: fc.double(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  boolean: fc.boolean(),
  date: fc.date({ noInvalidDate: true }),
} satisfies Record<ColumnType, fc.Arbitrary<unknown>>;

/** Columns of any types and names, and up to twenty rows, with cells that are kept. */
export function tablesOf(
  cells: Record<ColumnType, fc.Arbitrary<unknown>>,
  isKept: (cell: unknown, nullable: boolean) => boolean = () => true,
): fc.Arbitrary<{ columns: Column[]; rows: Row[] }> {
  const name = fc.oneof(
    fc.string({ minLength: 1, unit: "binary" }),
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

/** A file in memory that notes the ranges that are asked for. */
export function countedFile(
  bytes: Uint8Array,
): FileToDecode & { asked: { offset: number; length: number }[] } {
  const file = fileOf(bytes, "counted.parquet");
  const asked: { offset: number; length: number }[] = [];
  return {
    ...file,
    asked,
    bytes: () => Promise.reject(new Error("the whole file was asked for")),
    stream(range) {
      asked.push({ offset: range?.offset ?? 0, length: range?.length ?? bytes.byteLength });
      return file.stream(range);
    },
  };
}

/** Text that does not get much smaller when it is packed, another for each number. */
export function noise(seed: number, length: number): string {
  let state = seed;
  const next = () => (state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0) >>> 0;
  return Array.from({ length }, () => String.fromCharCode(33 + next() % 90)).join("");
}
