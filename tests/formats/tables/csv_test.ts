import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import type { Columns, ColumnType, Row, Table, TableRows } from "../../../formats/tables/table.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { csv, type CsvOptions, tsv } from "../../../formats/csv.ts";
import { anyBytes, contentBytes, fileOf } from "../format_files.ts";
import { refused } from "../../support/refused.ts";
import { CELLS, tablesOf } from "./files.ts";
import { slowTest } from "../../support/seeds.ts";

const encode = async (table: TableRows, options: CsvOptions = {}) =>
  new TextDecoder().decode(await contentBytes(await csv(options).encode(table)));

async function read(file: FileToDecode, options: CsvOptions = {}): Promise<Row[]> {
  const table: Table = await csv(options).decode(file) as never;
  return await Array.fromAsync(table.rows());
}

/** The code and the message of what reading a file fails with. */
async function failure(text: string | Uint8Array, options: CsvOptions = {}): Promise<string> {
  const error = await assertRejects(() => read(fileOf(text, "data/a.csv"), options), Error);
  return isRegistryError(error) ? `${error.code}: ${error.message}` : String(error);
}

Deno.test("without types all cells are text, and the first row names the columns", async () => {
  const table = await csv().decode(fileOf('id,"a, b"\r\n007,\r\n\r\n1e3,"x\n""y"""\r\n'));
  assertEquals(table.columns, [
    { name: "id", type: "string", nullable: false },
    { name: "a, b", type: "string", nullable: false },
  ]);
  const rows = [{ id: "007", "a, b": "" }, { id: "1e3", "a, b": 'x\n"y"' }];
  assertEquals(await Array.fromAsync(table.rows()), rows);
  assertEquals(await Array.fromAsync(table.rows()), rows); // from the first again
  assertEquals(await table.column("id"), ["007", "1e3"]);
});

Deno.test("a line ends with any kind of line break, and with another than the one before", async () => {
  assertEquals(await read(fileOf("a\r\n1\n2\r3\r\n")), [{ a: "1" }, { a: "2" }, { a: "3" }]);
});

Deno.test("columns of a given type are read as it, others as text", async () => {
  const format = csv({ columns: { id: "int64", score: "number?", ok: "boolean", at: "date" } });
  const table = await format.decode(fileOf(
    "at,id,score,ok,note\n2024-02-29,9223372036854775807,,true,a\n2024-01-31T12:00:00.5+01:00,-1,-0.10,FALSE,\n",
  ));
  assertEquals(await Array.fromAsync(table.rows()) as Row[], [
    { at: new Date("2024-02-29"), id: 9223372036854775807n, score: null, ok: true, note: "a" },
    { at: new Date("2024-01-31T11:00:00.500Z"), id: -1n, score: -0.1, ok: false, note: "" },
  ]);
  assertEquals(await table.column("id"), BigInt64Array.of(9223372036854775807n, -1n));
  const score = { values: Float64Array.of(0, -0.1), valid: Uint8Array.of(0, 1) };
  assertEquals(await table.column("score"), score);
});

Deno.test("rows are read without a header only where that is asked for", async () => {
  const rows = await read(fileOf("1,a\n2,b\n"), { header: false });
  assertEquals(rows, [{ 0: "1", 1: "a" }, { 0: "2", 1: "b" }]);
  const columns = [{ name: "2024", type: "int64" }, { name: "10", type: "string" }] as const;
  assertEquals(await read(fileOf("1,a\n"), { header: false, columns }), [{ 2024: 1n, 10: "a" }]);
  assertEquals(await read(fileOf(""), { header: false, columns }), []);
  const said = await failure("1\n", { header: false, columns });
  assertStringIncludes(said, "line 1: 1 cells, expected 2");
});

Deno.test("unnamed first columns, such as the index of pandas, get the names of pandas", async () => {
  const cases: [text: string, rows: Row[]][] = [
    [",a\n0,1\n1,\n", [{ "Unnamed: 0": "0", a: "1" }, { "Unnamed: 0": "1", a: "" }]],
    [",,a\nx,0,1\n", [{ "Unnamed: 0": "x", "Unnamed: 1": "0", a: "1" }]],
    [",Unnamed: 0,a\n1,2,3\n", [{ "Unnamed: 0.1": "1", "Unnamed: 0": "2", a: "3" }]],
    ['""\n0\n', [{ "Unnamed: 0": "0" }]],
  ];
  for (const [text, rows] of cases) assertEquals(await read(fileOf(text)), rows);
  const columns = { "Unnamed: 0": "int64", a: "number?" } as const;
  const table = await csv({ columns }).decode(fileOf(",a\n0,1.5\n1,\n"));
  assertEquals(await table.column("Unnamed: 0"), BigInt64Array.of(0n, 1n));
  const a = { values: Float64Array.of(1.5, 0), valid: Uint8Array.of(1, 0) };
  assertEquals(await table.column("a"), a);
});

Deno.test("a file that is not such a table is Corrupt, with the path and the line", async () => {
  const columns: Columns = { id: "int64", at: "date?" };
  const wrong: [text: string, message: string, options?: CsvOptions][] = [
    ["", "it has no header"],
    ["a,b,a\n", 'line 1: duplicate column "a"'],
    ["a,,b\n", "line 1: column 2 has no name"],
    [",".repeat(1000), "line 1: column 17 has no name"],
    ["a,b\n1,2\n3\n", "line 3: 1 cells, expected 2"],
    ["a\n1,2\n", "line 2: 2 cells, expected 1"],
    ['a\n"b', "Quote Not Closed"],
    ["id\n1\n", 'line 1: it has no column "at"', { columns }],
    ["id,at\n1,\nx,\n", 'line 3, column "id": "x" is not a whole number', { columns }],
    ["id,at\n,\n", 'line 2, column "id": "" is not a whole number', { columns }],
    ["id,at\n1,2023-02-29\n", 'column "at": "2023-02-29" is not a valid date', { columns }],
    ["id,at\n1,2023-02-28T24:00Z\n", "is not a valid date", { columns }],
    ["id,at\n1,2023-02-28T10:00\n", "not a day or a time with its time zone", { columns }],
    ["s\nNaN\n", '"NaN" is not a number', { columns: { s: "number" } }],
    ["s\n 1\n", '" 1" is not a number', { columns: { s: "number" } }],
    ["s\n0x10\n", '"0x10" is not a number', { columns: { s: "number" } }],
    ["s\n1\n", '"1" is neither true nor false', { columns: { s: "boolean" } }],
  ];
  for (const [text, message, options] of wrong) {
    const said = await failure(text, options);
    assertStringIncludes(said, 'Corrupt: Cannot read table "data/a.csv": ');
    assertStringIncludes(said, message);
  }
});

Deno.test("a value that exceeds its type is Unsupported, with the line and the column", async () => {
  const wrong: [ColumnType, string][] = [
    ["int64", "9223372036854775808"],
    ["int64", "1".repeat(1_000_000)],
    ["number", "9007199254740993"],
    ["number", "0.1234567890123456789"],
    ["number", "1e999"],
    ["number", "1e-999"],
    ["date", "2024-01-31T12:00:00.0001Z"],
  ];
  for (const [type, text] of wrong) {
    const said = await failure(`s\n${text}\n`, { columns: { s: type } });
    assertStringIncludes(said, 'Unsupported: Cannot read table "data/a.csv": line 2, column "s": ');
  }
});

Deno.test("text is UTF-8, or UTF-16 with its mark", async () => {
  const wide = (little: boolean) => {
    const text = "\ufeffä,b\n1,2\n";
    const view = new DataView(new ArrayBuffer(text.length * 2));
    for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), little);
    return new Uint8Array(view.buffer);
  };
  assertEquals(await read(fileOf(wide(true))), [{ ä: "1", b: "2" }]);
  assertEquals(await read(fileOf(wide(false))), [{ ä: "1", b: "2" }]);
  assertEquals(await read(fileOf("\ufeffä\n1\n")), [{ ä: "1" }]);
  assertStringIncludes(await failure(wide(true).subarray(0, -1)), "Corrupt: ");
  const [torn, cut] = [[0x61, 0x0a, 0xe4, 0x0a], [0x61, 0x0a, 0xc3]].map((bytes) =>
    failure(Uint8Array.from(bytes))
  );
  assertStringIncludes(await torn, "text is not UTF-8, in bytes 0 to 4");
  assertStringIncludes(await cut, "text is not UTF-8, at its end");
});

Deno.test("rows have a maximum length, also with an open quote or many commas", async () => {
  const options = { maxRowCharacters: 1_000 };
  assertStringIncludes(await failure('a\n"' + "b\n".repeat(1_000), options), "Max Record Size");
  const said = await failure("a\n" + ",".repeat(2_000), options);
  assertStringIncludes(said, "a line exceeds 1000 bytes");
  const long = createTable({ a: "string" }, [{ a: "x".repeat(1_000) }]);
  const error = await refused("Unsupported", async () => await csv(options).encode(long));
  assertStringIncludes(error.message, "row 1 exceeds 1000 bytes");
});

Deno.test("decoding reads no more than the header, and closes the file", async () => {
  let given = 0;
  const closed = Promise.withResolvers<void>();
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    controller.enqueue(new TextEncoder().encode(given++ === 0 ? "a,b\n" : "1,2\n".repeat(10_000)));
  };
  const stream = () =>
    new ReadableStream({ pull, cancel: () => closed.resolve() }, { highWaterMark: 0 });
  const table = await csv().decode({ ...fileOf(""), stream });
  assertEquals(table.columns.map(({ name }) => name), ["a", "b"]);
  await closed.promise;
  assertEquals(given < 20, true);
});

Deno.test("an abort ends the reading of a stalled file, and closes it", async () => {
  const aborting = new AbortController();
  const closed = Promise.withResolvers<void>();
  let pulls = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    if (pulls++ === 0) return controller.enqueue(new TextEncoder().encode("a\n1\n"));
    return new Promise<void>(() => aborting.abort(new Error("enough")));
  };
  const stream = () =>
    new ReadableStream({ pull, cancel: () => closed.resolve() }, { highWaterMark: 0 });
  const streams = [fileOf("a\n1\n").stream(), stream()]; // for the header, and for the rows
  const table = await csv().decode({ ...fileOf(""), stream: () => streams.shift()! });
  const reading = Array.fromAsync(table.rows({ signal: aborting.signal }));
  await assertRejects(() => reading, Error, "enough");
  await closed.promise;
});

Deno.test("text is read back unchanged with each delimiter", async () => {
  const row = { "a;\tb": 'x,;\t|"\r\n', c: " \ufeff" };
  const table = createTable({ "a;\tb": "string", c: "string" }, [row]);
  assertEquals(await encode(table), 'a;\tb,c\n"x,;\t|""\r\n", \ufeff\n');
  for (const delimiter of [",", ";", "\t", "|"] as const) {
    const bytes = await contentBytes(await csv({ delimiter }).encode(table));
    assertEquals(await read(fileOf(bytes), { delimiter }), [row]);
  }
  assertEquals(tsv().extensions, [".tsv"]);
  const tabs = await tsv().encode(createTable({ a: "string", b: "string" }, []));
  assertEquals(tabs, new TextEncoder().encode("a\tb\n"));
});

Deno.test("line breaks, negative zero and any name are read back", async () => {
  const columns = [
    { name: "__proto__", type: "number" },
    { name: "a\rb", type: "string" },
  ] as const;
  const rows = [{ ["__proto__"]: -0, "a\rb": "\r" }, { ["__proto__"]: 0, "a\rb": "\n" }];
  const text = await encode(createTable(columns, rows), { columns });
  assertEquals(text, '__proto__,"a\rb"\n-0,"\r"\n0,"\n"\n');
  const back = await read(fileOf(text), { columns });
  assertEquals(back, rows);
  assertEquals(back.map((row) => Object.hasOwn(row, "__proto__")), [true, true]);
});

Deno.test("a table that would be read back with other columns is Unsupported", async () => {
  const table = createTable({ id: "int64" }, [{ id: 1n }]);
  const cases: [CsvOptions, boolean][] = [
    [{}, false],
    [{ columns: { id: "number" } }, false],
    [{ columns: { id: "int64?" } }, false],
    [{ columns: { id: "int64", at: "date" } }, false],
    [{ header: false }, false],
    [{ columns: { id: "int64" } }, true],
    [{ header: false, columns: { id: "int64" } }, true],
  ];
  for (const [options, isHeld] of cases) {
    assertEquals(csv(options).accepts(table), isHeld);
    if (!isHeld) await refused("Unsupported", async () => await csv(options).encode(table));
  }
  for (const other of [undefined, [], {}, { columns: [], rows: [] }]) {
    assertEquals(csv().accepts(other), false);
  }
  const nameless = createTable({ 0: "string" }, []);
  await refused("Unsupported", async () => await csv({ header: false }).encode(nameless));
});

Deno.test("cells that would be read back differently are Unsupported, with their row", async () => {
  const wrong: [Columns, Row, string][] = [
    [{ s: "number" }, { s: NaN }, 'row 1: its "s" is NaN'],
    [{ s: "number" }, { s: -Infinity }, 'row 1: its "s" is -Infinity'],
    [{ s: "string?" }, { s: "" }, 'row 1: its "s" is an empty string'],
  ];
  for (const [columns, row, message] of wrong) {
    const table = createTable(columns, [row] as never);
    const error = await refused("Unsupported", async () => await csv({ columns }).encode(table));
    assertStringIncludes(error.message, message);
  }
});

slowTest("a large table is written as a stream that pulls its rows", async () => {
  let asked = 0;
  const rows = function* () {
    for (asked = 1; asked <= 1_000_000; asked++) yield { a: String(asked).padEnd(100) };
  };
  const content = await csv().encode(createTable({ a: "string" }, rows));
  assertEquals(content instanceof ReadableStream, true);
  assertEquals(asked < 50_000, true);
  await (content as ReadableStream).cancel();
  const smaller = await csv().encode(createTable({ a: "string" }, () => rows().take(100_000)));
  const back = await csv().decode(fileOf(await contentBytes(smaller)));
  let line = 0;
  for await (const { a } of back.rows()) assertEquals(a.trimEnd(), String(++line));
  assertEquals(line, 100_000);
});

const numbers = fc.double({ noNaN: true, noDefaultInfinity: true });
const tables = tablesOf(
  { ...CELLS, number: numbers },
  (cell, nullable) => !nullable || cell !== "",
);

Deno.test("any table comes back equal, with a header and without", async () => {
  await fc.assert(fc.asyncProperty(tables, fc.boolean(), async ({ columns, rows }, header) => {
    const options = { columns, header };
    const bytes = await contentBytes(
      await csv(options).encode(createTable(columns, rows as Row[])),
    );
    assertEquals(await read(fileOf(bytes), options), rows as Row[]);
  }));
});

Deno.test("reading any bytes returns rows or throws a RegistryError", async () => {
  const columns: Columns = { a: "number?" };
  const pieces = fc.constantFrom("a", "b", ",", "\n", "\r", '"', "1e5", "\ufeff", "\0", "-");
  await anyBytes(pieces, 30, async (bytes) => {
    await read(fileOf(bytes), { columns });
    await read(fileOf(bytes), { header: false });
  });
});
