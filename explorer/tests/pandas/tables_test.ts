// Order, filters and statistics of tables are those of pandas, and statistics of arrays those of NumPy.
import { assert, assertEquals } from "@std/assert";
import { instantOf } from "../../../core/text/iso_time.ts";
import { partOfRun } from "../../../tests/support/seeds.ts";
import { openArrayFile } from "../../src/previews/arrays/array_source.ts";
import { elementText, sampleStatistics } from "../../src/previews/arrays/numbers.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import type { TableReader } from "../../src/previews/tables/table_reader.ts";
import { findRows } from "../../src/previews/tables/table_rows.ts";
import { assertNumber, assertRows, pandasTest, type Plain, type Reference } from "./reference.ts";

const TIMES = ["utc", "zoned", "naive"];

/** Fails where the first column of the rows, in an order by one, is not as expected: `-f` is downwards. */
async function assertOrders(
  source: TableReader,
  orders: Record<string, readonly number[]>,
  path: string,
): Promise<void> {
  for (const [order, expected] of partOfRun(Object.entries(orders), 3)) {
    const name = order.replace(/^-/, "");
    const column = source.columns.findIndex((each) => each.name === name);
    const sort = { column: 1, isDown: order !== name };
    const { rows } = await findRows(source, [0, column], { filter: "", sort });
    assertRows(rows.map(([row]) => Number(row)), expected, `${path} ${order}`);
  }
}

async function eachTable(
  { expected, file }: Reference,
  check: (
    source: TableReader,
    expected: Reference["expected"]["tables"][string],
    path: string,
  ) => Promise<void>,
): Promise<void> {
  for (const [path, own] of Object.entries(expected.tables)) {
    await check(await readTable(file(path)), own, path);
  }
}

pandasTest(
  "tables have the order of pandas, up and down, with missing cells last",
  (reference) =>
    eachTable(reference, async (source, { orders }, path) => {
      await assertOrders(source, orders, path);
    }),
);

pandasTest("of a large table, the first rows in the order are kept", async ({ expected, file }) => {
  for (const path of ["large-before.csv", "large-before.parquet"]) {
    await assertOrders(await readTable(file(path)), expected["large orders"], path);
  }
});

pandasTest(
  "filters choose the rows that pandas chooses, by time in three zones too",
  (reference) =>
    eachTable(reference, async (source, { filters }, path) => {
      for (const [filter, expected] of partOfRun(Object.entries(filters), 3)) {
        const { rows } = await findRows(source, [...source.columns.keys()], { filter });
        assertRows(rows.map(([row]) => Number(row)), expected, `${path} ${filter}`);
      }
      assert(Object.values(filters).every(({ length }) => length > 0), path);
    }),
);

/** Nanoseconds since 1970 as digits. */
function nanoseconds(text: string): string {
  const instant = instantOf(text);
  if (typeof instant !== "object") return text;
  return `${BigInt(instant.seconds) * 1_000_000_000n + BigInt(instant.fraction.padEnd(9, "0"))}`;
}

function assertValue(name: string, text: string | undefined, expected: Plain, note: string): void {
  if (typeof expected === "number") {
    // The shortest digits of a number of 32 bits are another number of 64 bits.
    const [found, wanted] = [Number(text), expected];
    return assertEquals(note.endsWith(".parquet f32") ? Math.fround(found) : found, wanted, note);
  }
  const found = TIMES.includes(name) ? nanoseconds(text ?? "") : text;
  assertEquals(typeof expected === "boolean" ? found?.toLowerCase() : found, `${expected}`, note);
}

pandasTest(
  "statistics of columns are those of pandas; means have six digits",
  (reference) =>
    eachTable(reference, async (source, { statistics }, path) => {
      const { statistics: all } = await findRows(source, [...source.columns.keys()], {
        filter: "",
      });
      for (const [i, { name }] of source.columns.entries()) {
        const [found, expected] = [all[i]!, statistics[name]!];
        const note = `${path} ${name}`;
        assertEquals([found.missing, found.distinct], [expected.missing, expected.distinct], note);
        assertValue(name, found.min, expected.min, note);
        assertValue(name, found.max, expected.max, note);
        const { mean } = expected;
        if (typeof mean !== "number") {
          assertEquals(mean === undefined || found.mean === mean, true, note);
          continue;
        }
        const number = Number(found.mean?.replaceAll(",", ""));
        assertNumber(number, mean, Math.max(1e-12, Math.abs(mean) * 6e-6), note);
      }
    }),
);

/** Fails for another text of a time, for a text of another number, and for more digits than NumPy writes. */
function assertText(text: string, expected: Plain | readonly Plain[], name: string): void {
  if (/^(?:times|durations)/.test(name)) return assertEquals(text, expected, name);
  if (Array.isArray(expected)) {
    const [real, imaginary] = expected.map(Number) as [number, number];
    return assertEquals(text, `${real}${imaginary < 0 ? "" : "+"}${imaginary}i`, name);
  }
  const round = /^float16/.test(name) ? Math.f16round : name === "float32" ? Math.fround : Number;
  assertEquals(round(Number(text)), round(Number(expected)), name);
  const isShort = `${Number(text)}`.length <= `${Number(expected)}`.length;
  assert(isShort, `${name}: ${text}, not ${expected}`);
}

pandasTest(
  "elements, statistics and histograms of arrays are those of NumPy",
  async ({ expected, file }) => {
    for (const [name, all] of Object.entries(expected.arrays)) {
      const { edges, mean, deviation, texts, ...exact } = all;
      const source = await openArrayFile(file(`${name}.npy`));
      const array = await source.read(source.shape.map((count) => ({ start: 0, count })));
      for (const [i, text] of texts.entries()) assertText(elementText(array, i), text, name);
      const found = await sampleStatistics(source);
      const { count, notANumber, infinite, zeros, min, max } = found;
      const bins = found.bins.map(({ count }) => count);
      assertEquals({ count, notANumber, infinite, zeros, min, max, bins }, {
        ...exact,
        bins: [...exact.bins],
      }, name);
      const scale = Math.max(Math.abs(min), Math.abs(max));
      assertNumber(found.mean, mean, 1e-14 * scale, name);
      assertNumber(found.deviation, deviation, 1e-14 * scale, name);
      for (const [i, edge] of edges?.slice(0, -1).entries() ?? []) {
        assertNumber(found.bins[i]!.from, edge, 1e-14 * scale, name);
      }
    }
  },
);
