import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { Columns, Row } from "../../../formats/tables/table.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { isTable } from "../../../formats/tables/list_columns.ts";
import { slowTest } from "../../support/seeds.ts";

Deno.test("a table has its columns in full, and returns its rows each time from the first", async () => {
  const rows = [{ id: 1n, note: null }, { id: 2n, note: "b" }];
  const table = createTable({ id: "int64", note: "string?" }, rows);
  assertEquals(table.columns, [
    { name: "id", type: "int64", nullable: false },
    { name: "note", type: "string", nullable: true },
  ]);
  for (let time = 0; time < 2; time++) assertEquals(await Array.fromAsync(table.rows()), rows);
  assertEquals(isTable(table), true);
});

slowTest("numbers are typed arrays, with a mask if nullable, other columns arrays", async () => {
  const rows = () =>
    Array.from({ length: 70_000 }, (_, i) => ({ n: i / 2, i: BigInt(i), b: i % 2 === 0, o: null }));
  const table = createTable({ n: "number", i: "int64", b: "boolean", o: "number?" }, rows);
  assertEquals(await table.column("n"), Float64Array.from(rows(), ({ n }) => n));
  assertEquals(await table.column("i"), BigInt64Array.from(rows(), ({ i }) => i));
  assertEquals((await table.column("b")).slice(0, 3), [true, false, true]);
  const nulls = { values: new Float64Array(70_000), valid: new Uint8Array(70_000) };
  assertEquals(await table.column("o"), nulls);
  const error = await assertRejects(() => table.column("x" as "n"), Error, 'column "x"');
  assertEquals(isRegistryError(error, "NotFound"), true);
});

Deno.test("columns with no name, the same name or an unknown type are Invalid", () => {
  const wrong: Columns[] = [
    { "": "string" },
    { a: "text" as "string" },
    { a: "int64??" as "int64?" },
    [{ name: "a", type: "string" }, { name: "a", type: "number" }],
    [{ name: "\ud800", type: "string" }],
    [{ name: 5 as never, type: "string" }],
    [undefined as never],
  ];
  for (const columns of wrong) {
    assertEquals(isRegistryError(assertThrows(() => createTable(columns, [])), "Invalid"), true);
  }
});

Deno.test("a row with other members or types is Invalid when it is reached", async () => {
  const columns = [
    { name: "i", type: "int64" },
    { name: "d", type: "date", nullable: true },
    { name: "s", type: "string" },
    { name: "n", type: "number" },
  ] as const;
  const good: Row = { i: 1n, d: null, s: "", n: NaN };
  const wrong: [row: unknown, message: string][] = [
    [{ ...good, i: 1 }, 'its "i" is a number, the column has type int64'],
    [{ ...good, i: 2n ** 63n }, 'its "i" exceeds 64 bits'],
    [{ ...good, i: null }, 'its "i" is null, the column is not nullable'],
    [{ ...good, d: new Date(NaN) }, 'its "d" is an invalid date'],
    [{ ...good, d: "2024-01-31" }, 'its "d" is a string'],
    [{ ...good, s: "\ud800" }, 'its "s" has a lone surrogate'],
    [{ ...good, n: "1" }, 'its "n" is a string'],
    [{ ...good, x: 1 }, 'unknown column "x"'],
    [{ i: 1n }, 'it has no "d"'],
    [null, "it is null"],
  ];
  for (const [row, message] of wrong) {
    const rows = createTable(columns, [good, row as Row]).rows()[Symbol.asyncIterator]();
    assertEquals((await rows.next()).value, good);
    const error = await assertRejects(() => rows.next(), Error);
    assertEquals(isRegistryError(error, "Invalid"), true);
    assertStringIncludes(error.message, `Cannot use row 2 of a table: ${message}`);
  }
});

Deno.test("generators of rows are closed by an abort and when the reader stops", async () => {
  let isClosed = false;
  async function* rows() {
    try {
      for (;;) yield { a: "x" };
    } finally {
      isClosed = true;
    }
  }
  for await (const _ of createTable({ a: "string" }, rows).rows()) break;
  assertEquals(isClosed, true);
  const aborting = new AbortController();
  const reading = Array.fromAsync(
    createTable({ a: "string" }, rows).rows({ signal: aborting.signal }),
    ({ a }) => {
      aborting.abort(new Error("enough"));
      return a;
    },
  );
  await assertRejects(() => reading, Error, "enough");
  const there = createTable({ a: "string" }, [{ a: "x" }]).rows({ signal: aborting.signal });
  await assertRejects(() => Array.fromAsync(there), Error, "enough");
});
