import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Column, Row } from "../../../formats/tables/table.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { openParquet, type ParquetReadOptions } from "../../../formats/parquet.ts";
import { encodeRows } from "../../../formats/parquet/write.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { countedFile, noise, WRITTEN } from "../tables/files.ts";
import { fileOf } from "../format_files.ts";
import { pyarrowFile } from "./files.ts";
import { refused } from "../../support/refused.ts";
import { slowTest } from "../../support/seeds.ts";

async function refusal(
  options: ParquetReadOptions,
  read = async (table: { rows(): AsyncIterable<Row> }) => void await Array.fromAsync(table.rows()),
) {
  const error = await refused(
    "Unsupported",
    async () => await read(await openParquet(pyarrowFile("others"), options)),
  );
  return error.message;
}

Deno.test("tables of pyarrow are read exactly, in each encoding, compression and version of pages", async () => {
  for (const name of ["snappy", "gzip", "brotli", "lz4", "zstd", "none"] as const) {
    const table = await openParquet(pyarrowFile(name));
    const types = {
      s: "string",
      i: "int64",
      n: "number",
      b: "boolean",
      t: "date",
      w: "number",
    } as const;
    const columns = Object.entries(types).map(([name, type]): Column => ({
      name,
      type,
      nullable: true,
    }));
    assertEquals(table.columns, columns);
    assertEquals(table.rowCount, 5);
    assertEquals(await Array.fromAsync(table.rows()), WRITTEN, name);
    const values = Float64Array.from(WRITTEN, ({ n }) => (n ?? 0) as number);
    assertEquals(await table.column("n"), { values, valid: Uint8Array.of(1, 1, 1, 0, 1) }, name);
  }
});

Deno.test("a column of an unsupported type is Unsupported, unless others are named", async () => {
  assertStringIncludes(await refusal({}), 'column "list": it is nested');
  const reasons: Record<string, string> = {
    struct: "it is nested",
    map: "it is nested",
    dec: "it has decimals",
    bin: "it has bytes",
    fix: "its type is unknown",
    time: "its type is unknown",
    f16: "its type is unknown",
    null: "its type is unknown",
    naive: "it has times without a time zone",
    us: "a time has a fraction of a millisecond (1 of 1000)",
    u64: "18446744073709551615 exceeds an int64",
  };
  for (const [name, reason] of Object.entries(reasons)) {
    assertStringIncludes(await refusal({ columns: ["ok", name] }), `column "${name}"`);
    assertStringIncludes(await refusal({ columns: ["ok", name] }), reason);
  }
  const old = await assertRejects(() => openParquet(pyarrowFile("int96")), Error);
  assertStringIncludes(old.message, 'column "old": it has times of 96 bits');
  const rest = await openParquet(pyarrowFile("others"), {
    columns: ["last", "ns", "ok", "naive"],
    localTimes: "utc",
  });
  const row = { last: "z", ns: new Date(2), ok: 1n, naive: new Date(5) };
  assertEquals(await Array.fromAsync(rest.rows()), [row]);
  assertEquals(Object.keys(row), rest.columns.map(({ name }) => name));
  const local = await openParquet(pyarrowFile("others"), {
    columns: ["naive"],
    localTimes: "text",
  });
  assertEquals(local.columns, [{ name: "naive", type: "string", nullable: true }]);
  assertEquals(await local.column("naive"), ["1970-01-01T00:00:00.005"]);
  const fine = await openParquet(pyarrowFile("others"), {
    columns: ["us", "ns"],
    fineTimes: "text",
  });
  assertEquals(fine.columns.map(({ type }) => type), ["string", "string"]);
  const large = await openParquet(pyarrowFile("others"), {
    columns: ["u64"],
    unsignedIntegers: "text",
  });
  assertEquals(await large.column("u64"), ["18446744073709551615"]);
  assertEquals(await Array.fromAsync(fine.rows()), [
    { us: "1970-01-01T00:00:00.001001Z", ns: "1970-01-01T00:00:00.002Z" },
  ]);
});

const wide = new Map<number, Promise<Uint8Array>>();

/** Ten thousand rows, in ten row groups, of which the last column has nearly all bytes. */
function wideBytes(maxRows = 1000): Promise<Uint8Array> {
  const bytes = wide.get(maxRows) ?? writeWide(maxRows);
  wide.set(maxRows, bytes);
  return bytes;
}

async function writeWide(maxRows: number): Promise<Uint8Array> {
  const rows = function* () {
    for (let i = 0; i < 10_000; i++) {
      yield { id: BigInt(i), score: i / 7, note: noise(i, 300) };
    }
  };
  const table = createTable({ id: "int64", score: "number", note: "string" }, rows);
  const pieces = encodeRows(table, { maxRows, compression: "snappy" });
  return concatBytes(await Array.fromAsync(pieces));
}

Deno.test("of a file only the footer is read, then the columns and row groups that are asked for", async () => {
  const bytes = await wideBytes();
  assert(bytes.byteLength > 2_000_000);
  const file = countedFile(bytes);
  const read = () => file.asked.splice(0).reduce((sum, { length }) => sum + length, 0);
  const table = await openParquet(file);
  assert(read() <= 65_536);
  assertEquals((await table.column("id") as BigInt64Array).length, 10_000);
  assert(read() < 100_000);
  const some = await Array.fromAsync(
    table.rows({ from: 5_990, to: 6_010, columns: ["score", "id"] }),
  );
  assertEquals(some.map(({ id }) => Number(id)), Array.from({ length: 20 }, (_, i) => 5_990 + i));
  assert(read() < 40_000);
  for await (const _row of table.rows()) break;
  assert(read() < 400_000); // one row group of ten
});

slowTest(
  "pages that have none of the rows are passed by, in a row group that has some",
  async () => {
    const file = countedFile(await wideBytes(10_000));
    const table = await openParquet(file);
    file.asked.splice(0);
    const notes = await Array.fromAsync(table.rows({ from: 9_999, columns: ["note"] }));
    assertEquals(notes, [{ note: noise(9_999, 300) }]);
    const read = file.asked.reduce((sum, { length }) => sum + length, 0);
    assert(read < 1_200_000, `${read} bytes of ${file.size}`);
  },
);

Deno.test("rows are those of the range, from wherever it begins to wherever it ends", async () => {
  const table = await openParquet(countedFile(await wideBytes()));
  const ids = async (from?: number, to?: number) =>
    (await Array.fromAsync(table.rows({ from, to, columns: ["id"] }))).map(({ id }) => Number(id));
  for (
    const [from, to] of [[0, 1], [999, 1001], [1000, 1000], [1500, 4242], [9_999, 20_000], [
      10_000,
      10_001,
    ]]
  ) {
    const length = Math.max(0, Math.min(to, 10_000) - from);
    assertEquals(await ids(from, to), Array.from({ length }, (_, i) => from + i));
  }
  assertEquals((await ids()).length, 10_000);
  assertEquals((await ids(9_000)).length, 1_000);
  for (const [from, to] of [[-1, 5], [0.5, 5], [0, NaN]]) {
    await refused("Invalid", () => ids(from, to));
  }
  for (const columns of [["id", "nothing"], ["__proto__"]]) {
    await refused("NotFound", () => Array.fromAsync(table.rows({ columns })));
  }
});

slowTest("an abort ends the reading", async () => {
  const table = await openParquet(countedFile(await wideBytes()));
  const aborting = new AbortController();
  await assertRejects(
    async () => {
      for await (const { id } of table.rows({ signal: aborting.signal })) {
        if (id === 1_500n) aborting.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
});

/** Written by PyArrow: no rows; and rows 1 and 2 in groups with an empty one between them. */
const ROWLESS: readonly [rows: number, base64: string][] = [
  [
    0,
    "UEFSMRUEFQAVAkwVABUAEgAAABUEFQAVAkwVABUAEgAAABUEGTw1ABgGc2NoZW1hFQQAFQQlAhgBYQAVDCUCGAFiJQBMHAAAABYAGRwZLCYAHBUEGSUABhkYAWEVAhYAFhwWHiYAJggpHBUEFQAVAgAAACYAHBUMGSUABhkYAWIVAhYAFhwWHiYAJiYpHBUEFQAVAgAAABY4FgAmCBY8ACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZLBwAABwAAACpAAAAUEFSMQ==",
  ],
  [
    2,
    "UEFSMRUEFRAVFEwVAhUAEgAACBwBAAAAAAAAABUAFRIVFiwVAhUQFQYVBhwAAAAJIAIAAAACAQECABUEFQoVDkwVAhUAEgAABRABAAAAeBUAFRIVFiwVAhUQFQYVBhwAAAAJIAIAAAACAQECABUEFQAVAkwVABUAEgAAABUEFQAVAkwVABUAEgAAABUEFRAVFEwVAhUAEgAACBwCAAAAAAAAABUAFRIVFiwVAhUQFQYVBhwAAAAJIAIAAAACAQECABUEFQoVDkwVAhUAEgAABRABAAAAeRUAFRIVFiwVAhUQFQYVBhwAAAAJIAIAAAACAQECABUEGTw1ABgGc2NoZW1hFQQAFQQlAhgBYQAVDCUCGAFiJQBMHAAAABYEGTwZLCYAHBUEGTUABhAZGAFhFQIWAhZkFmwmOCYIKSwVBBUAFQIAFQAVEBUCADwpBhkmAAIAAAAmABwVDBk1AAYQGRgBYhUCFgIWXhZmJp4BJnQpLBUEFQAVAgAVABUQFQIAPBYCGQYZJgACAAAAFsIBFgImCBbSAQAZLCYAHBUEGSUABhkYAWEVAhYAFhwWHiYAJtoBKRwVBBUAFQIAAAAmABwVDBklAAYZGAFiFQIWABYcFh4mACb4ASkcFQQVABUCAAAAFjgWACbaARY8ABksJgAcFQQZNQAGEBkYAWEVAhYCFmQWbCbGAiaWAiksFQQVABUCABUAFRAVAgA8KQYZJgACAAAAJgAcFQwZNQAGEBkYAWIVAhYCFl4WZiasAyaCAyksFQQVABUCABUAFRAVAgA8FgIZBhkmAAIAAAAWwgEWAiaWAhbSAQAoIHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjYuMC4xGSwcAAAcAAAAoAEAAFBBUjE=",
  ],
];

Deno.test("row groups without rows have columns at any place", async () => {
  for (const [rows, base64] of ROWLESS) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const table = await openParquet(fileOf(bytes, "rowless.parquet"));
    assertEquals((await Array.fromAsync(table.rows())).length, rows);
  }
});
