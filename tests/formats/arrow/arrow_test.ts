import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import type { Column, Row } from "../../../formats/tables/table.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { arrow, type ArrowOptions, openArrow } from "../../../formats/arrow.ts";
import { encodeRows } from "../../../formats/arrow/write.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { anyTable, countedFile, noise, WRITTEN } from "../tables/files.ts";
import { pyarrowBytes, pyarrowFile } from "./files.ts";
import { refused } from "../../support/refused.ts";

const ROWS = WRITTEN.map((row, i): Row => ({ ...row, c: ["x", "y", null, "x", "z"][i] }));

async function refusal(name: "others" | "views", options: ArrowOptions = {}): Promise<string> {
  const read = async () =>
    await Array.fromAsync((await openArrow(pyarrowFile(name), options)).rows());
  const error = await refused("Unsupported", read);
  return error.message;
}

Deno.test("tables of pyarrow are read exactly, from a file and from a stream", async () => {
  for (const name of ["file", "stream"] as const) {
    const table = await openArrow(pyarrowFile(name));
    const types = {
      s: "string",
      i: "int64",
      n: "number",
      b: "boolean",
      t: "date",
      w: "number",
      c: "string",
    } as const;
    assertEquals(
      table.columns,
      Object.entries(types).map(([name, type]): Column => ({ name, type, nullable: true })),
    );
    assertEquals(await Array.fromAsync(table.rows()), ROWS, name);
    assertEquals(await table.column("c"), ROWS.map(({ c }) => c), name);
    assertEquals(await Array.fromAsync(table.rows({ from: 2, to: 4 })), ROWS.slice(2, 4));
  }
});

Deno.test("a Feather file of version 2 is an Arrow file, and one of version 1 is Unsupported", async () => {
  const table = await openArrow(fileOf(pyarrowBytes("file"), "a.feather"));
  assertEquals(await Array.fromAsync(table.rows()), ROWS);
  for (const bytes of ["FEA1", `FEA1${"\0".repeat(60)}FEA1`]) {
    const error = await assertRejects(
      () => openArrow(fileOf(bytes, "a.feather")),
      Error,
      "Feather file of version 1",
    );
    assert(isRegistryError(error, "Unsupported"), String(error));
  }
});

Deno.test("packed buffers are unpacked, up to 256 MiB", async () => {
  for (const name of ["lz4", "zstd"] as const) {
    const table = await openArrow(pyarrowFile(name));
    const values = BigInt64Array.from({ length: 400 }, (_, i) => BigInt(Math.floor(i / 50)));
    assertEquals(await table.column("i"), { values, valid: new Uint8Array(400).fill(1) });
    const some = Array.from({ length: 50 }, () => ({ s: "plate" }));
    assertEquals(await Array.fromAsync(table.rows({ from: 120, to: 170, columns: ["s"] })), some);
    const bytes = pyarrowBytes(name).slice();
    const size = [0x80, 0x0c, 0, 0, 0, 0, 0, 0]; // 3,200 bytes
    const at = bytes.findIndex((_, i) => size.every((byte, j) => bytes[i + j] === byte));
    bytes[at + 3] = 0x20;
    const damaged = await openArrow(fileOf(bytes));
    const error = await assertRejects(
      () => damaged.column("i"),
      Error,
      "536874112 bytes, 268435456 are allowed",
    );
    assert(isRegistryError(error, "Unsupported"), String(error));
  }
});

Deno.test("a column of an unsupported type is Unsupported, unless others are named", async () => {
  assertStringIncludes(await refusal("others"), 'column "list": it is nested');
  const reasons: Record<string, string> = {
    struct: "it is nested",
    dec: "it has decimals",
    bin: "it has bytes",
    time: "its type is unknown",
    f16: "it has 16-bit floats",
    null: "it has only nulls",
    naive: "it has times without a time zone",
    us: "from row 1: a time has a fraction of a millisecond (1 of 1000)",
    u64: "from row 1: 18446744073709551615 exceeds an int64",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    const said = await refusal("others", { columns: ["ok", name] });
    assertStringIncludes(said, `column "${name}"`);
    assertStringIncludes(said, reason);
  }
  const columns = ["large", "sec", "ok", "naive", "day"];
  const rest = await openArrow(pyarrowFile("others"), { columns, localTimes: "utc" });
  const row = {
    large: "z",
    sec: new Date(2000),
    ok: 1n,
    naive: new Date(5),
    day: new Date(3 * 86_400_000),
  };
  assertEquals(await Array.fromAsync(rest.rows()), [row]);
  const views = await openArrow(pyarrowFile("views"));
  assertEquals(await Array.fromAsync(views.rows()), [{ v: "a", after: 1n }]);
});

Deno.test("any table comes back equal, in batches of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyTable,
      fc.integer({ min: 1, max: 9 }),
      async ({ columns, rows }, maxRows) => {
        const pieces = encodeRows(createTable(columns, rows), { maxRows });
        const back = await openArrow(fileOf(concatBytes(await Array.fromAsync(pieces))));
        assertEquals(back.columns, columns);
        assertEquals(await Array.fromAsync(back.rows()), rows);
      },
    ),
  );
});

/** Ten thousand rows in ten batches, of which the last column has nearly all bytes. */
async function wideBytes(maxRows: number): Promise<Uint8Array> {
  const rows = function* () {
    for (let i = 0; i < 10_000; i++) yield { id: BigInt(i), score: i / 7, note: noise(i, 300) };
  };
  const table = createTable({ id: "int64", score: "number", note: "string" }, rows);
  return concatBytes(await Array.fromAsync(encodeRows(table, { maxRows })));
}

Deno.test("of a file only the schema is read, then the columns and batches that are asked for", async () => {
  for (const maxRows of [1_000, 10_000]) {
    const file = countedFile(await wideBytes(maxRows));
    assert(file.size > 3_000_000);
    const read = () => file.asked.splice(0).reduce((sum, { length }) => sum + length, 0);
    const table = await openArrow(file);
    assert(read() < 10_000);
    assertEquals((await table.column("id") as BigInt64Array).length, 10_000);
    assert(read() < 200_000);
    const some = await Array.fromAsync(
      table.rows({ from: 5_990, to: 6_010, columns: ["score", "id"] }),
    );
    assertEquals(some.map(({ id }) => Number(id)), Array.from({ length: 20 }, (_, i) => 5_990 + i));
    assert(read() < 150_000);
    for await (const _row of table.rows()) break;
    assert(read() < 1_500_000);
  }
});

Deno.test("many small batches come with one request, where most of them is wanted", async () => {
  const file = countedFile(await wideBytes(10));
  const table = await openArrow(file);
  assertEquals(
    (await Array.fromAsync(table.rows())).map(({ note }) => note),
    await table.column("note"),
  );
  file.asked.splice(0);
  for await (const _row of table.rows());
  assert(file.asked.length < 100, `${file.asked.length} requests`);
});

Deno.test("a large table goes out as a stream, whose rows are asked for as it is read", async () => {
  let asked = 0;
  const rows = function* () {
    for (asked = 1; asked <= 1_000_000; asked++) yield { a: noise(asked, 30) };
  };
  const content = await arrow().encode(createTable({ a: "string" }, rows));
  assert(content instanceof ReadableStream);
  assert(asked < 200_000);
  await content.cancel();
});

Deno.test("a table without columns comes back, and is refused with rows, as is a value that is not a table", async () => {
  const back = await arrow().decode(
    fileOf(await contentBytes(await arrow().encode(createTable({}, [])))),
  );
  assertEquals([back.columns, await Array.fromAsync(back.rows())], [[], []]);
  for (const other of [createTable({}, [{}]), undefined, []]) {
    await refused("Unsupported", async () => await arrow().encode(other as never));
  }
});
