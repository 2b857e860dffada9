// Tables of every type have the cells that pyarrow reads.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { findPython, runPython } from "../../../tests/support/numpy.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import type { Cell } from "../../../formats/tables/table.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { digitsOf } from "../../src/previews/tables/other/write_values.ts";
import { findRows } from "../../src/previews/tables/table_rows.ts";
import { fakeFile } from "../support/fake_file.ts";

const python = await findPython("pyarrow, numpy");
const why = python === undefined
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has pyarrow)"
  : "";

async function writeTables(): Promise<Map<string, Uint8Array>> {
  await using root = await tempRoot();
  const program = await Deno.readTextFile(new URL("other_tables.py", import.meta.url));
  await runPython(python ?? "python3", program, [root.path]);
  const files = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(root.path)) {
    files.set(name, await Deno.readFile(root.join(name)));
  }
  return files;
}

let written: Promise<Map<string, Uint8Array>> | undefined;

async function open(name: string) {
  const files = await (written ??= writeTables());
  return await readTable(fakeFile(name, files.get(name) ?? new Uint8Array()));
}

const TYPES: Readonly<Record<string, string>> = {
  id: "int64",
  price: "decimal(10, 2)",
  wide: "decimal(38, 3)",
  tags: "list<string>",
  matrix: "list<list<number>>",
  box: "struct<x: number, name: string, at: struct<day: date>>",
  points: "list<struct<x: int64, y: number>>",
  vector: "list<number>",
  clock: "time",
  half: "float16",
  raw: "binary",
  amounts: "list<decimal(9, 2)>",
  times: "list<date>",
};

/** Returns a cell as the program writes it: nested ones as data, whole numbers as numbers. */
function dataOf(cell: Cell, column: string): unknown {
  if (typeof cell === "bigint") return Number(cell);
  if (typeof cell !== "string") return cell;
  if (column === "amounts") return JSON.parse(cell.replace(/\[(\S+),/, '["$1",'));
  if (column === "clock_ms") return cell.padEnd(15, "0");
  return /^[[{]/.test(cell) ? JSON.parse(cell) : cell;
}

for (
  const name of ["groups.parquet", "plain.parquet", "lz4.feather", "zstd.feather", "stream.arrows"]
) {
  Deno.test({
    name: `${name} has the types and cells of pyarrow${why}`,
    ignore: python === undefined,
    async fn() {
      const files = await (written ??= writeTables());
      const expected: Record<string, unknown[]> = JSON.parse(
        new TextDecoder().decode(files.get("expected.json")),
      );
      const table = await open(name);
      const types = Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
      assertEquals(
        Object.keys(TYPES).map((name) => [name, types[name]]),
        Object.entries(TYPES),
      );
      assertEquals([table.rowCount, table.others], [300, []]);
      const { rows } = await table.page({ from: 0, count: 300 });
      for (const [i, { name }] of table.columns.entries()) {
        // Arrow stores a UUID as bytes.
        const isBytes = name === "uid" && !/parquet/.test(types.uid ?? "") &&
          types.uid === "binary";
        const wanted = isBytes
          ? expected.uid?.map((id) => `0x${String(id).replaceAll("-", "")}`)
          : expected[name];
        assertEquals(rows.map((row) => dataOf(row[i] ?? null, name)), wanted, name);
      }
      const later = await table.page({ from: 250, count: 2, columns: [1, 3] });
      assertEquals(later.rows, rows.slice(250, 252).map((row) => [row[1] ?? null, row[3] ?? null]));
    },
  });
}

for (const name of ["twice.parquet", "twice.feather"]) {
  Deno.test({
    name: `${name} has values of dictionaries, and all entries of maps in their order${why}`,
    ignore: python === undefined,
    async fn() {
      const { rows } = await (await open(name)).page({ from: 0, count: 3 });
      assertEquals(rows.map(([, ...cells]) => cells), [
        ["1.23", "2026-01-02", 0.1, '{10: "a", 2: "b", 10: "c"}', '{"2026-01-01": null}'],
        [null, null, null, null, null],
        ["4.50", "2026-01-01", 0.5, "{}", "{}"],
      ]);
    },
  });
}

for (const name of ["scaled.feather", "scaled.arrows"]) {
  Deno.test({
    name: `${name} has decimals in hundreds and thousands, with all their zeros${why}`,
    ignore: python === undefined,
    async fn() {
      const table = await open(name);
      const files = await (written ??= writeTables());
      const expected = JSON.parse(new TextDecoder().decode(files.get("scaled.json")));
      assertEquals(table.columns.slice(0, 4).map(({ type }) => type), [
        "decimal(5, -2)",
        "decimal(60, -3)",
        "decimal(10, -2)",
        "decimal(5, -2)",
      ]);
      assertEquals(table.columns[4]?.type, "list<decimal(5, -2)>");
      const { rows } = await table.page({ from: 0, count: 3 });
      for (const [i, { name }] of table.columns.entries()) {
        const isNested = /^(list|struct)/.test(table.columns[i]?.type ?? "");
        const quoted = (cell: unknown) =>
          isNested && cell !== null
            ? JSON.parse(`${cell}`.replaceAll(/-?\d+/g, (digits) => `"${digits}"`))
            : cell;
        assertEquals(rows.map((row) => quoted(row[i])), expected[name], name);
      }
      const { rows: large } = await findRows(table, [0], { filter: "hundreds>=12300" });
      assertEquals(large, [["12300"]]);
    },
  });
}

Deno.test("a damaged scale makes no long number", () => {
  assertEquals([digitsOf(-5n, 2), digitsOf(5n, -2), digitsOf(0n, 1)], ["-0.05", "500", "0.0"]);
  assertEquals([digitsOf(7n, 2 ** 30), digitsOf(7n, -(2 ** 30))], [
    "7e-1073741824",
    "7e1073741824",
  ]);
});

Deno.test({
  name: `decimals are filtered and ordered by value, and long Arrow tables are read whole${why}`,
  ignore: python === undefined,
  async fn() {
    const table = await open("groups.parquet");
    const wanted = { filter: "price>=100.5", sort: { column: 1, isDown: false } };
    const { rows, matched } = await findRows(table, [0, 1], wanted);
    assertEquals(rows[0]?.[1], "100.82");
    assert(matched > 1 && rows.every(([, price]) => Number(price) >= 100.5));
    const long = await open("long.feather");
    assertEquals((await long.page({ from: 199_999, count: 5 })).rows, [
      [BigInt(199_999 % 977), "word 49", "2001-09-09T01:46:40.200198999Z"],
    ]);
    const packed = await open("packed.csv.gz");
    assertEquals((await packed.page({ from: 499, count: 5 })).rows, [["499", "x499"]]);
  },
});

Deno.test({
  name: `damaged tables end with an error, and none hangs${why}`,
  ignore: python === undefined,
  async fn() {
    const files = await (written ??= writeTables());
    for (const name of ["lz4.feather", "plain.parquet", "packed.csv.gz"]) {
      const bytes = files.get(name) ?? new Uint8Array();
      for (let i = 0; i < 20; i++) {
        const changed = bytes.slice();
        changed.fill(
          0xff,
          Math.floor(i * bytes.length / 20) + 8,
          Math.floor(i * bytes.length / 20) + 24,
        );
        const read = async () => {
          const table = await readTable(fakeFile(name, changed));
          await table.page({ from: 0, count: 300 });
        };
        await read().catch((error) => assert(error instanceof Error, `${name} ${i}`));
      }
      await assertRejects(() => readTable(fakeFile(name, bytes.slice(0, 12))));
    }
  },
});
