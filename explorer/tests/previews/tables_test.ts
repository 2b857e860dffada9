import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { splitCsv } from "../../src/previews/tables/split_csv.ts";
import { findRows, type Wanted } from "../../src/previews/tables/table_rows.ts";
import { openTable } from "../../src/previews/tables/table_source.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import type { TableReader } from "../../src/previews/tables/table_reader.ts";
import { Tally } from "../../src/previews/tables/column_statistics.ts";
import { parseCsv } from "../../../formats/csv.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { createTable } from "../../../formats/parquet.ts";
import { encodeRows } from "../../../formats/parquet/write.ts";
import { pyarrowBytes } from "../../../tests/formats/parquet/files.ts";
import { fakeFile } from "../support/fake_file.ts";
import { sampleFiles, tableRows } from "../support/samples.ts";
import { slowTest } from "../../../tests/support/seeds.ts";

const samples = await sampleFiles(1);
const encoder = new TextEncoder();
const COMMA = 0x2c;
const NAMES = ["n", "kind"];

function splitText(text: string): string[][] {
  const options = { delimiter: COMMA, isEnd: true, maxRows: Infinity };
  return splitCsv(encoder.encode(text), options).map(({ cells }) => cells);
}

Deno.test("CSV is split as parseCsv splits it", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", "\r\n", " ", "1") });
  const row = fc.array(cell, { minLength: 1, maxLength: 4 });
  const end = fc.constantFrom("\n", "\r\n");
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), end, async (rows, end) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = rows.map((row) => row.map(quoted).join(",") + end).join("");
      const expected = await Array.fromAsync(parseCsv(new Blob([text]).stream()));
      assertEquals(splitText(text), expected.map(({ cells }) => cells));
    }),
  );
  assertEquals(splitText("a,b\n\n1,2\r\n3,"), [["a", "b"], ["1", "2"], ["3", ""]]);
});

Deno.test("a part of CSV gives the same rows wherever it is cut", () => {
  const text = 'a,b\n"x\ny",2\r\n\n"q""q",é\nlast,row';
  const bytes = encoder.encode(text);
  const options = { delimiter: COMMA, maxRows: Infinity };
  for (let cut = 0; cut <= bytes.length; cut++) {
    const first = splitCsv(bytes.subarray(0, cut), { ...options, isEnd: false });
    const rest = splitCsv(bytes.subarray(first.at(-1)?.end ?? 0), { ...options, isEnd: true });
    assertEquals([...first, ...rest].map(({ cells }) => cells), splitText(text), `cut at ${cut}`);
  }
});

Deno.test("CSV and Parquet of one table have the same rows, page by page", async () => {
  const expected = tableRows(1).map(({ id, name, score, seen }) => [id, name, score, seen]);
  for (const path of ["scores.parquet", "scores.csv"]) {
    const source = await readTable(fakeFile(path, samples.get(path)!));
    assertEquals(source.columns.map(({ name }) => name), ["id", "name", "score", "seen"]);
    const text = path.endsWith(".csv");
    const shown = (cells: readonly unknown[]) =>
      text
        ? cells.map((cell) =>
          cell === null ? "" : cell instanceof Date ? cell.toISOString() : String(cell)
        )
        : cells;
    const page = await source.page({ from: 120, count: 3 });
    assertEquals(page, { rows: expected.slice(120, 123).map(shown), isEnd: false } as never);
    const last = await source.page({ from: 298, count: 50, columns: [1] });
    assertEquals(last, { rows: [["well 4"], ["well 5"]], isEnd: true });
  }
});

slowTest("the last page of a large CSV file is found without reading it at once", async () => {
  const line = `1234567,${"abc".repeat(36)}\n`;
  const size = line.length * 300_000;
  const file = fakeFile("large.csv", { size, byteAt: (at) => line.charCodeAt(at % line.length) });
  const source = await readTable(file);
  await source.page({ from: 0, count: 50 });
  assert(file.bytesRead() <= 257 * 1024, `${file.bytesRead()}`); // its beginning, once
  await assertRejects(
    () => source.page({ from: 299_900, count: 50 }),
    Error,
    "past the last row",
  );
});

slowTest("a row without an end is refused after 8 MiB", async () => {
  const head = encoder.encode("a,b\n");
  const file = fakeFile("endless.csv", { size: 2 ** 31, byteAt: (at) => head[at] ?? 0x78 });
  const source = await readTable(file);
  await assertRejects(() => source.page({ from: 0, count: 50 }), Error, "longer than");
  assert(file.bytesRead() < 16 * 1024 * 1024, `${file.bytesRead()}`);
  const quoted = fakeFile("quote.csv", { size: 2 ** 31, byteAt: (at) => at === 0 ? 0x22 : 0x0a });
  await assertRejects(() => readTable(quoted), Error, "longer than");
});

Deno.test("columns that are not shown are counted", async () => {
  for (const cell of ["x", '"x"']) {
    const text = `${Array(12_345).fill(cell).join(",")}\n${Array(12_345).fill(1).join(",")}\n`;
    const source = await readTable(fakeFile("wide.csv", encoder.encode(text)));
    assertEquals([source.columns.length, source.columnCount], [10_000, 12_345]);
  }
  const source = await readTable(fakeFile("a.csv", encoder.encode("a,b\n1,2\n")));
  assertEquals(source.columnCount, undefined);
});

Deno.test("Parquet reads the footer and the pages of the shown columns", async () => {
  const file = fakeFile("scores.parquet", samples.get("scores.parquet")!);
  const source = await readTable(file);
  assertEquals(source.rowCount, 300);
  await assertRejects(() =>
    readTable(fakeFile("x.parquet", encoder.encode("PAR1 and not more PAR1")))
  );
});

Deno.test("times without a time zone are shown without one, and filtered by year", async () => {
  const bytes = pyarrowBytes("others");
  const source = await readTable(fakeFile("others.parquet", bytes));
  const at = source.columns.findIndex(({ name }) => name === "naive");
  assertEquals(source.columns[at]!.type, "date");
  const { rows } = await source.page({ from: 0, count: 1, columns: [at] });
  assertEquals(rows, [["1970-01-01T00:00:00.005"]]);
  for (const [filter, matched] of [["naive<1970", 0], ["naive>1969", 1]] as const) {
    assertEquals((await findRows(source, [at], { filter })).matched, matched, filter);
  }
});

Deno.test("a worker reads, finds and refuses as this thread does", async () => {
  const long = `${"x".repeat(300)}needle`;
  const text = `n,word\n${"1,a\n".repeat(700)}2,${long}\n3,b\n`;
  const file = fakeFile("a.csv", encoder.encode(text));
  const left = new AbortController();
  const [here, source] = [await readTable(file), await openTable(file, left.signal)];
  assertEquals(source.columns, here.columns);
  const range = { from: 690, count: 20, columns: [1] };
  assertEquals(await source.page(range), await here.page(range));
  const rowsOf = async ({ parts }: Pick<TableReader, "parts">) =>
    (await Array.fromAsync(parts([0, 1]))).flatMap(({ rows }) => rows);
  assertEquals(await rowsOf(source), await rowsOf(here));
  assertEquals(await source.keysWith(source), []);
  assertEquals((await source.compare(source, {}))?.added, 0);
  assertEquals(await source.compare(source, { key: "n" }), undefined);
  assertEquals((await source.find([0, 1], { filter: "" })).statistics[0]!.distinct, 3);
  assertEquals((await source.find([0, 1], { filter: "needle" })).matched, 1);
  const sort = { column: 0, isDown: true };
  assertEquals((await source.find([0], { filter: "", sort })).kept, 702);
  assertEquals(await source.found({ from: 700, count: 5 }), {
    rows: [["1"], ["1"]],
    places: [698, 699],
    isEnd: true,
  });
  assertEquals((await source.find([0], { filter: "", sample: 10 })).read, 10);
  const read = file.bytesRead();
  assertEquals((await openTable(file, left.signal)).columns, here.columns);
  assertEquals(file.bytesRead(), read); // one worker reads a file once
  const broken = { ...file, read: () => Promise.reject(new Error("gone")) };
  await assertRejects(() => openTable(broken, left.signal), Error, "gone");
  const damaged = fakeFile("a.parquet", encoder.encode("PAR1 and not more PAR1"));
  const error = await assertRejects(() => openTable(damaged, left.signal));
  assert(isRegistryError(error, "Corrupt"), String(error));
  left.abort();
  await assertRejects(() => openTable(file, left.signal));
});

slowTest("a filter reads only groups of rows whose bounds allow a match", async () => {
  const columns = { n: "number", at: "date", word: "string" } as const;
  const table = createTable(columns, function* () {
    for (let n = 0; n < 40_000; n++) yield { n, at: new Date(n * 1000), word: `word ${n}` };
  });
  const pieces = encodeRows(table, { maxRows: 4000, compression: "snappy" });
  const bytes = concatBytes(await Array.fromAsync(pieces));
  const source = await readTable(fakeFile("a.parquet", bytes));
  const find = async (filter: string) => {
    const { matched, read, isEnd } = await findRows(source, [0, 1, 2], { filter });
    return [matched, read, isEnd];
  };
  assertEquals(await find("n>=39990"), [10, 4000, true]);
  assertEquals(await find("n > 3990 n < 4010 word"), [19, 8000, true]);
  assertEquals(await find("at<1970-01-01T00:00:05Z"), [5, 4000, true]);
  assertEquals(await find("n=-1"), [0, 0, true]);
  assertEquals(await find("39999"), [1, 40_000, true]);
});

Deno.test("rows are described, filtered and sorted; numbers in text count as numbers", async () => {
  const rows = [["10", "b"], ["9", "a"], ["", "a"], ["1e2", "C"]];
  const describe = (column: number) => {
    const tally = new Tally();
    for (const row of rows) tally.add(row[column]);
    return tally.statistics();
  };
  assertEquals(describe(0), {
    missing: 1,
    distinct: 3,
    min: "9",
    max: "1e2",
    mean: "39.6667",
    bins: [1, 1, ...Array(44).fill(0), 1],
  });
  assertEquals(describe(1).top, ["a", "b", "C"].map((value, i) => ({ value, count: i ? 1 : 2 })));
  const source: TableReader = {
    columns: NAMES.map((name) => ({ name, type: "string" })),
    others: [],
    page: () => Promise.reject(new Error("not read")),
    async *parts() {
      yield { rows };
    },
  };
  const chosen = async (filter: string, sort?: Wanted["sort"]) =>
    (await findRows(source, [0, 1], { filter, sort })).rows.map(([cell]) => cell);
  assertEquals(await chosen("", { column: 0, isDown: false }), ["9", "10", "1e2", ""]);
  assertEquals(await chosen("", { column: 0, isDown: true }), ["1e2", "10", "9", ""]);
  assertEquals(await chosen("c"), ["1e2"]);
  assertEquals(await chosen("n > 9"), ["10", "1e2"]);
  assertEquals([await chosen("kind=a n<=9"), await chosen("n!=9 B")], [["9"], ["10"]]);
  assertEquals([await chosen("other>9"), await chosen("n<5")], [[], []]);
});

Deno.test("times in text are sorted and filtered by instant, and odd dates refused", async () => {
  const text =
    "n,at\n1,2026-11-20T09:00:00+02:00\n2,2026-11-20T08:30:00Z\n3,2026-11-20 09:00:00\n" +
    "4,2026-11-20T01:00:00.000000001-08:00\n5,\n6,never\n";
  const source = await readTable(fakeFile("a.csv", encoder.encode(text)));
  const chosen = async (filter: string, sort?: Wanted["sort"]) =>
    (await findRows(source, [0, 1], { filter, sort })).rows.map(([cell]) => cell).join("");
  assertEquals(await chosen("", { column: 1, isDown: false }), "123465");
  assertEquals(await chosen("", { column: 1, isDown: true }), "643215");
  assertEquals(await chosen("at>2026-11-20T08:30:00Z"), "346");
  assertEquals(await chosen("at=2026-11-20T09:00Z"), "3");
  assertEquals(await chosen("at<2027"), "1234");
  const error = await assertRejects(() => chosen("at>2027-02-30"));
  assert(isRegistryError(error, "Invalid"));
});

Deno.test("an empty string of Parquet is a value, an empty cell of CSV is missing", async () => {
  const table = createTable({ note: "string?" }, function* () {
    for (const note of ["a", "", "b", null, "", "b"]) yield { note };
  });
  const bytes = concatBytes(await Array.fromAsync(encodeRows(table, { compression: "snappy" })));
  const source = await readTable(fakeFile("a.parquet", bytes));
  const { statistics: [parquet] } = await findRows(source, [0], { filter: "" });
  assertEquals([parquet!.missing, parquet!.distinct, parquet!.min], [1, 3, ""]);
  const sort = { column: 0, isDown: false };
  const { rows } = await findRows(source, [0], { filter: "", sort });
  assertEquals(rows.flat(), ["", "", "a", "b", "b", null]);
  assertEquals((await findRows(source, [0], { filter: "note!=b" })).matched, 4);
  assertEquals((await findRows(source, [0], { filter: "note=b" })).matched, 2);
  const csv = await readTable(fakeFile("a.csv", encoder.encode('note,n\na,1\n"",2\n,3\nb,4\n')));
  const { statistics: [inCsv] } = await findRows(csv, [0], { filter: "" });
  assertEquals([inCsv!.missing, inCsv!.distinct], [2, 2]);
});

Deno.test("long integers and long texts are distinct, and NaN is missing", async () => {
  const ids = [2n ** 60n + 1n, 2n ** 60n, 2n ** 60n + 2n];
  const rows = [...ids, ...ids.map(String), NaN, 1.5].map((id, i) => [id, "x".repeat(300) + i]);
  const source: TableReader = {
    columns: NAMES.map((name) => ({ name, type: "int64" })),
    others: [],
    page: () => Promise.reject(new Error("not read")),
    async *parts() {
      yield { rows };
    },
  };
  const found = async (filter: string, sort?: Wanted["sort"]) =>
    (await findRows(source, [0, 1], { filter, sort })).rows.map(([cell]) => String(cell));
  const [low, middle, high] = ids.map(String).sort();
  const sorted = ["1.5", low, low, middle, middle, high, high];
  assertEquals(await found("", { column: 0, isDown: false }), [...sorted, "NaN"]);
  assertEquals(await found("", { column: 0, isDown: true }), [...sorted.toReversed(), "NaN"]);
  assertEquals(await found(`n=${middle}`), [middle, middle]);
  const { statistics: [numbers, texts] } = await findRows(source, [0, 1], { filter: "" });
  assertEquals([numbers!.missing, numbers!.max], [1, high]);
  assertEquals([texts!.distinct, texts!.top], [8, undefined]);
});

Deno.test("a histogram counts each number once, in the order of numbers", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
  fc.assert(fc.property(fc.array(number, { minLength: 1 }), (numbers) => {
    const tally = new Tally();
    for (const each of [...numbers, NaN, Infinity, 1e305]) tally.add(each);
    const bins = tally.statistics().bins!;
    assertEquals(bins.reduce((sum, count) => sum + count), numbers.length);
    assert(bins.length <= 64 && bins[0]! > 0 && bins.at(-1)! > 0);
  }));
  const even = new Tally();
  for (let i = 0; i < 6400; i++) even.add(BigInt(i * 7919 % 6400));
  const bins = even.statistics().bins!;
  assert(bins.length >= 16);
  for (const count of bins.slice(0, -1)) assertEquals(count, bins[0]);
  const days = new Tally("date");
  for (const day of ["2026-01-01", "2026-01-02 12:00", "2026-01-04T00:00:00Z"]) days.add(day);
  const { bins: [first, ...rest] = [], min, mean } = days.statistics();
  assertEquals([first, rest.at(-1), min, mean], [1, 1, "2026-01-01", undefined]);
});

slowTest("rows for statistics end at a limit", async () => {
  const line = "1,2\n";
  const size = line.length * 100_000;
  const file = fakeFile("many.csv", { size, byteAt: (at) => line.charCodeAt(at % 4) });
  const wanted = { filter: "", sample: 20_000 };
  const { read, isEnd, problem } = await findRows(await readTable(file), [0, 1], wanted);
  assertEquals([read, isEnd, problem], [20_000, false, undefined]);
  assert(file.bytesRead() <= size + 512 * 1024, `${file.bytesRead()}`);
});

slowTest("a table that is damaged behind its first rows has the rows, and the reason", async () => {
  const text = `n\n${"1\n".repeat(600_000)}`;
  const file = fakeFile("a.csv", encoder.encode(text));
  const read: typeof file.read = (offset, length) =>
    offset + length > 1_100_000
      ? Promise.reject(new Error("SHA-256 does not match"))
      : file.read(offset, length);
  const found = await findRows(await readTable({ ...file, read }), [0], { filter: "" });
  assertEquals([found.isEnd, found.problem], [false, "SHA-256 does not match"]);
  assertEquals([found.read > 0, found.read < 600_000], [true, true]);
});

Deno.test("the types of CSV columns are detected", async () => {
  const text =
    "n,day,at,code,mixed,empty\n1.5,2026-01-02,2026-01-02T03:04:05Z,007,1,\n-2e3,2026-02-03,2026-01-02 03:04,010,a,\n";
  const { columns } = await readTable(fakeFile("types.csv", encoder.encode(text)));
  assertEquals(
    columns.map(({ type }) => type),
    ["number", "date", "date", "string", "string", "string"],
  );
});

slowTest("all rows are sorted, filtered and described, though few are kept", async () => {
  // Rows of 16 bytes: a number from 000000 to 299999 turned round, and its parity.
  const line = (i: number) => `${String(299_999 - i).padStart(6, "1")},${i % 2 ? "odd" : "even"}`;
  const rows = Array.from({ length: 300_000 }, (_, i) => line(i));
  const lines = ["n,parity", ...rows].map((each) => `${each.padEnd(15, " ")}\n`);
  const file = fakeFile("large.csv", encoder.encode(lines.join("")));
  const source = await readTable(file);
  let progress = 0;
  const sort = { column: 0, isDown: true };
  const found = await findRows(source, [0, 1], { filter: "odd", sort }, {
    onProgress: (_, part = 0) => progress = Math.max(progress, part),
  });
  assertEquals([found.read, found.matched, found.rows.length], [300_000, 150_000, 20_000]);
  assertEquals([found.isEnd, progress > 0.5], [true, true]);
  const numbers = found.rows.map(([cell]) => Number(cell));
  assert(numbers.every((n, i) => i === 0 || n <= numbers[i - 1]!));
  let isEnough = false;
  const stopped = await findRows(source, [0], { filter: "" }, {
    isEnough: () => isEnough,
    onProgress: () => isEnough = true,
  });
  assert(!stopped.isEnd && stopped.read > 0 && stopped.read < 300_000, `${stopped.read}`);
});

slowTest("CSV in UTF-16 has the rows of the same CSV in UTF-8", async () => {
  const text = "name;n\nnaïve;1\n日本\u{1f600};2\n" + "long;3\n".repeat(100_000);
  const expected = await readTable(fakeFile("a.csv", encoder.encode(text)));
  for (const isLittle of [true, false]) {
    const view = new DataView(new ArrayBuffer(2 * (text.length + 1)));
    [..."\ufeff", ...text.split("")].forEach((unit, i) =>
      view.setUint16(2 * i, unit.charCodeAt(0), isLittle)
    );
    const source = await readTable(fakeFile("a.csv", new Uint8Array(view.buffer)));
    assertEquals(source.columns, expected.columns);
    for (const from of [0, 99_990]) {
      const range = { from, count: 30 };
      assertEquals(await source.page(range), await expected.page(range));
    }
  }
});
