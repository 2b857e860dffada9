import { assertEquals } from "@std/assert";
import { columnsOf, type FileColumn } from "../../../formats/parquet/columns.ts";
import type { LocalTimes } from "../../../formats/parquet.ts";
import type { SchemaElement } from "../../../formats/parquet/footer.ts";

const INT32 = 1;

function columnsWith(members: Partial<SchemaElement>[], localTimes: LocalTimes = "refuse") {
  const schema = [{ name: "schema", children: members.length }, ...members];
  const whole = schema.map((element) => ({ name: "a", repetition: 0, children: 0, ...element }));
  return columnsOf("table.parquet", whole, {
    localTimes,
    fineTimes: "refuse",
    unsignedIntegers: "refuse",
  });
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

Deno.test("times without a time zone and days are strings with all digits, in the order of time", () => {
  const INT64 = 2;
  const local = (unit: number, values: bigint[]) => {
    const logical = { field_8: { field_1: false, field_2: { [`field_${unit}`]: {} } } };
    const [column] = columnsWith([{ type: INT64, logical }], "text") as FileColumn[];
    assertEquals(column!.column.type, "string");
    return column!.toCells(BigInt64Array.from(values));
  };
  assertEquals(local(1, [0n, 5n, -1n, 1_500n]), [
    "1970-01-01T00:00:00",
    "1970-01-01T00:00:00.005",
    "1969-12-31T23:59:59.999",
    "1970-01-01T00:00:01.5",
  ]);
  assertEquals(local(2, [1n, -1n]), ["1970-01-01T00:00:00.000001", "1969-12-31T23:59:59.999999"]);
  const nanos = [-1n, 0n, 1n, 20n, 100n, 1_000_000_000n, 86_400_000_000_000n];
  const texts = local(3, nanos) as string[];
  assertEquals(texts[2], "1970-01-01T00:00:00.000000001");
  assertEquals(texts, texts.toSorted());
  const [day] = columnsWith([{ type: INT32, converted: 6 }], "text") as FileColumn[];
  assertEquals(day!.toCells(Int32Array.of(0, -1, 20_000)), [
    "1970-01-01",
    "1969-12-31",
    "2024-10-04",
  ]);
  const zoned = { field_8: { field_1: true, field_2: { field_1: {} } } };
  const [utc] = columnsWith([{ type: INT64, logical: zoned }], "text") as FileColumn[];
  assertEquals(utc!.toCells(BigInt64Array.of(5n)), [new Date(5)]);
});
