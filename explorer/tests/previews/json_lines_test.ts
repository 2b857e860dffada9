import { assertEquals, assertRejects } from "@std/assert";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { fakeFile } from "../support/fake_file.ts";

const open = (text: string, name = "a.jsonl") =>
  readTable(fakeFile(name, new TextEncoder().encode(text)));

Deno.test("JSON Lines are a table with a column for each member, also of inner objects", async () => {
  const table = await open(
    `{"a": 1, "b": {"c": "x", "d": [1, 2]}}\n\n` +
      `{"a": 2.5, "b": {"c": null}, "big": 12345678901234567890, "n": NaN, "ok": true}\n{"a": 3, "b`,
  );
  assertEquals(table.columns.map(({ name, type }) => `${name} ${type}`), [
    "a number",
    "b.c string",
    "b.d string",
    "big int64",
    "n number",
    "ok boolean",
  ]);
  const { rows, isEnd } = await table.page({ from: 0, count: 50 });
  assertEquals(rows, [
    [1, "x", "[1,2]", null, null, null],
    [2.5, null, null, 12345678901234567890n, NaN, true],
  ]);
  assertEquals([isEnd, table.rowCount], [true, 2]);
});

Deno.test("numbers of lines keep their value, or are text", async () => {
  const numbers = ["-0.0", "1e400", "-1e-400", "9007199254740993", "0.12345678901234567890"];
  const table = await open(numbers.map((number) => `[${number}]\n{"a":${number}}\n`).join(""));
  const rows = (await table.page({ from: 0, count: 50 })).rows;
  const cells = rows.map((row) => row.find((cell) => cell !== null));
  const expected = [-0, "1e400", "-1e-400", 9007199254740993n, 0.12345678901234568];
  assertEquals(cells, expected.flatMap((value, at) => [`[${numbers[at]}]`, value]));
});

Deno.test("lines that are no objects are values, and a damaged line is named", async () => {
  const values = await open("1\n2\n[3]\n");
  assertEquals((await values.page({ from: 0, count: 5 })).rows, [[1], [2], ["[3]"]]);
  await assertRejects(() => open('{"a": 1}\nnothing\n{"a": 2}\n'), Error, "line 2 is not JSON");
  await assertRejects(() => open("\n"), Error, "no lines");
});

Deno.test("a table of lines has up to 1,000 columns, and says so", async () => {
  const line = JSON.stringify(
    Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`k${i}`, i])),
  );
  const { columns, note } = await open(`${line}\n`);
  assertEquals([columns.length, note], [1000, "Only the first 1000 columns are shown."]);
});
