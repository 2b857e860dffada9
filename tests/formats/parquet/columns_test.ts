import { assertEquals } from "@std/assert";
import { columnsOf, type FileColumn } from "../../../formats/parquet/columns.ts";
import type { SchemaElement } from "../../../formats/parquet/footer.ts";

const INT32 = 1;

function columnsWith(members: Partial<SchemaElement>[]) {
  const schema = [{ name: "schema", children: members.length }, ...members];
  const whole = schema.map((element) => ({ name: "a", repetition: 0, children: 0, ...element }));
  return columnsOf("table.parquet", whole, "refuse");
}

Deno.test("integers of 8 and 16 bits are read from their low bits", () => {
  const stored = Int32Array.of(-1, 0x7fff_ff80, 0x1234_8001, 300, 7);
  const kinds = [
    { bits: 8, isSigned: true, converted: 15, array: Int8Array },
    { bits: 16, isSigned: true, converted: 16, array: Int16Array },
    { bits: 32, isSigned: true, converted: 17, array: Int32Array },
    { bits: 8, isSigned: false, converted: 11, array: Uint8Array },
    { bits: 16, isSigned: false, converted: 12, array: Uint16Array },
    { bits: 32, isSigned: false, converted: 13, array: Uint32Array },
  ];
  for (const { bits, isSigned, converted, array } of kinds) {
    const logical = { field_10: { field_1: bits, field_2: isSigned } };
    for (const note of [{ converted }, { logical }, { converted, logical }]) {
      const [column] = columnsWith([{ type: INT32, ...note }]) as FileColumn[];
      assertEquals([...column!.toCells(stored)], [...array.from(stored)], `${bits} ${isSigned}`);
    }
  }
});

Deno.test("a group without members does not shift the columns behind it", () => {
  const columns = columnsWith([{ type: INT32 }, { name: "empty" }, { name: "b", type: INT32 }]);
  const leaves = columns.map((column) => "leaf" in column ? column.leaf : column.problem);
  assertEquals(leaves, [0, "it is nested", 1]);
});
