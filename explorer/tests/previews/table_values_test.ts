// Values of cells: numbers without digits, several texts of one value, columns with one name.
import { assertEquals } from "@std/assert";
import { compareRows } from "../../../apps/difference/compare_rows.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { findRows } from "../../src/previews/tables/table_rows.ts";
import { pyarrowBytes } from "../../../tests/formats/parquet/files.ts";
import { fakeFile } from "../support/fake_file.ts";

const encoder = new TextEncoder();

Deno.test("NaN and infinities of CSV are numbers, in a column that has other numbers", async () => {
  const text = "n,word,rows\n0.5,nan,1\nnan,inf,1.0\n-inf,b,1e0\n -Infinity,b,2\n NaN,b,\n,b,02\n";
  const source = await readTable(fakeFile("a.csv", encoder.encode(text)));
  assertEquals(source.columns.map(({ type }) => type), ["number", "string", "string"]);
  const { statistics: [n, word] } = await findRows(source, [0, 1], { filter: "" });
  assertEquals([n!.missing, n!.distinct, n!.min, n!.max], [3, 2, "-Infinity", "0.5"]);
  assertEquals([word!.missing, word!.distinct], [0, 3]);
  for (
    const [filter, matched] of [["n>0", 1], ["n<0", 2], ["n!=0.5", 5], ["word=nan", 1]] as const
  ) {
    assertEquals((await findRows(source, [0, 1], { filter })).matched, matched, filter);
  }
});

Deno.test("a first line that declares the separator is not a row of CSV", async () => {
  for (const path of ["a.csv", "a.tsv"]) {
    for (const text of ["sep=;\r\nn;b,c\r\n1;2,5\r\n", "\ufeffsep=|\nn|b,c\n1|2,5\n"]) {
      const source = await readTable(fakeFile(path, new TextEncoder().encode(text)));
      assertEquals(source.columns.map(({ name }) => name), ["n", "b,c"]);
      assertEquals((await source.page({ from: 0, count: 5 })).rows, [["1", "2,5"]]);
    }
  }
});

Deno.test("texts of one number, and times of one instant, are one distinct value", async () => {
  const text = "n,at,code\n1,2026-03-29T01:30:00+01:00,1.0\n1.0,2026-03-29T00:30:00Z,1\n" +
    "1e0,2026-03-28 20:30:00-04:00,01\n9007199254740993,2026-03-28,1\n9007199254740992,2026-03-28,1\n";
  const source = await readTable(fakeFile("a.csv", encoder.encode(text)));
  const { statistics } = await findRows(source, [0, 1, 2], { filter: "" });
  assertEquals(statistics.map(({ distinct }) => distinct), [3, 2, 3]);
});

Deno.test("cells of CSV without a title are columns too, and names of rows are the first", async () => {
  const columnsOf = async (text: string) => {
    const { columns, page } = await readTable(fakeFile("a.csv", encoder.encode(text)));
    const { rows } = await page({ from: 0, count: 2 });
    return [columns.map(({ name, type }) => `${name} ${type}`).join(", "), rows];
  };
  assertEquals(await columnsOf('"x","y"\n"r1",1,a\n"r2",2,b\n'), [
    "column 1 string, x number, y string",
    [["r1", "1", "a"], ["r2", "2", "b"]],
  ]);
  assertEquals(await columnsOf("x,y\n1,a,\n2,b,\n"), ["x number, y string", [["1", "a"], [
    "2",
    "b",
  ]]]);
  assertEquals(await columnsOf("x,y\n1,a,9\n2,b\n"), [
    "x number, y string, column 3 number",
    [["1", "a", "9"], ["2", "b", null]],
  ]);
  assertEquals(await columnsOf("x,y\n"), ["x string, y string", []]);
});

Deno.test("Parquet has all digits of times, and those of numbers of 32 bits that identify them", async () => {
  const source = await readTable(fakeFile("a.parquet", pyarrowBytes("fine")));
  assertEquals(source.columns.map(({ type }) => type), ["date", "date", "number"]);
  assertEquals((await source.page({ from: 0, count: 3 })).rows, [
    ["1970-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999999Z", 0.1],
    ["2026-03-28T22:00:00.123456Z", "2026-03-28T22:00:00.123Z", 0.3],
    [null, "2026-03-28T22:00:00.123456789Z", 16_777_216],
  ]);
  for (
    const filter of ["x=0.3", "at=2026-03-28T23:00:00.123456+01:00", "ns=2026-03-28T22:00:00.123Z"]
  ) {
    const { rows } = await findRows(source, [0, 1, 2], { filter });
    assertEquals(rows.map((row) => row[2]), [0.3], filter);
  }
});

Deno.test("columns of CSV with one name get names that differ, and all are compared", async () => {
  const open = (text: string) => readTable(fakeFile("a.csv", encoder.encode(text)));
  const [left, right] = [await open("a,a,,a (2)\n1,2,3,4\n"), await open("a,a,,a (2)\n1,5,3,4\n")];
  assertEquals(left.columns.map(({ name }) => name), ["a", "a (2)", "column 3", "a (2) (2)"]);
  assertEquals((await compareRows(left, right, { key: "a" }))!.byColumn, [["a (2)", 1]]);
});
