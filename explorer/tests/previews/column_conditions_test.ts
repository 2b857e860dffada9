// Conditions of one column: what a cell contains, is, or lacks. They are part of the filter's text.
import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Cell } from "../../../formats/tables/table.ts";
import { isEmpty, isMissing } from "../../src/previews/tables/cells.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import {
  columnCondition,
  conditionsOf,
  parseFilter,
  WAYS,
  withColumn,
  withColumnCondition,
} from "../../src/previews/tables/row_filter.ts";
import { fakeFile } from "../support/fake_file.ts";

Deno.test("a cell contains a text, ignoring case, or is empty in any of its ways", () => {
  const cells: Cell[] = ["Well", "", null, NaN, 0, "swell well", "ill", 12n, false];
  const found = (filter: string, isNone = isEmpty) =>
    cells.filter((cell) => parseFilter(filter, [{ name: "n" }], isNone).matches([cell]));
  for (const isNone of [isEmpty, isMissing]) {
    assertEquals(found("n=", isNone), ["", null, NaN]);
    assertEquals(found("n!=", isNone), ["Well", 0, "swell well", "ill", 12n, false]);
    assertEquals(found("n~WELL", isNone), ["Well", "swell well"]);
    assertEquals(found('n ~ "l w"', isNone), ["swell well"]);
    assertEquals(found("n~2026-13-45", isNone), []); // text, also if it is not a date
    assertEquals(found("n~2", isNone), [12n]);
  }
  const { mayMatch } = parseFilter("n= n~x", [{ name: "n" }], isEmpty);
  assertEquals(mayMatch(() => [1, 2]), true); // bounds tell nothing about either
});

Deno.test("a condition without a value ends where another one begins", () => {
  const parts = (filter: string) =>
    conditionsOf(filter).map(({ name, sign, value }) => [name, sign, value]);
  assertEquals(parts("a= b>3"), [["a", "=", undefined], ["b", ">", "3"]]);
  assertEquals(parts('a!=  "b c" = well'), [["a", "!=", undefined], ["b c", "=", "well"]]);
  assertEquals(parts("a= b"), [["a", "=", "b"]]);
  assertEquals(parts("a> b~"), []); // both are still being typed
  const { matches } = parseFilter("well a= done", [{ name: "a" }, { name: "b" }], isEmpty);
  assertEquals(matches(["done", "well"]), true);
  assertEquals(withColumn('a= a~"x" well', "a", "my a"), '"my a"= "my a"~"x" well');
});

Deno.test("the condition of a column is replaced, and the rest of a filter stays", () => {
  const names = ["n", "my score", 'a "b"', "x=y", "a~b", "ü", "q!"];
  const values = ["well", "a b", 'say "hi"', '"', '""', "=5", "a=b", "~", "0.10", " x ", "a>b c<d"];
  for (const name of names) {
    for (const way of WAYS) {
      for (const value of /empty/.test(way) ? [""] : values) {
        const filter = withColumnCondition("well  done score>0.5", name, { way, value });
        assertEquals(columnCondition(filter, name), { way, value }, filter);
        assertEquals(conditionsOf(filter).length, 2, filter);
        const other = withColumnCondition(filter, name, { way: "contains", value: "other" });
        assertEquals(columnCondition(other, name), { way: "contains", value: "other" });
        assertEquals(withColumnCondition(other, name), "well  done score>0.5");
      }
    }
  }
  assertEquals(columnCondition("score>0.5", "score"), undefined);
  assertEquals(withColumnCondition("score>0.5", "score"), "score>0.5");
});

Deno.test("a table of which only the beginning is read says so", async () => {
  const line = new TextEncoder().encode(`{"n": 1, "text": "${"x".repeat(1 << 20)}"}\n`);
  const many = new Uint8Array(70 * line.length);
  for (let i = 0; i < 70; i++) many.set(line, i * line.length);
  const lines = await readTable(fakeFile("a.jsonl", many));
  assertEquals([lines.isPart, lines.rowCount], [true, 63]);
  const csv = `n,text\n${`1,${"x".repeat(1 << 20)}\n`.repeat(70)}`;
  const packed = await readTable(fakeFile("a.csv.gz", new Uint8Array(gzipSync(csv, { level: 1 }))));
  assertEquals([packed.isPart, packed.note], [true, "Only the first 64 MiB are unpacked."]);
  const whole = await readTable(fakeFile("a.jsonl.gz", new Uint8Array(gzipSync(line))));
  assertEquals([whole.isPart, whole.rowCount, whole.note], [false, 1, undefined]);
});
