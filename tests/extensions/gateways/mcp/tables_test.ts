// Tables through the tools: their rows, their columns, and what differs.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { showFile } from "../../../../extensions/gateways/mcp/file_views.ts";
import { createTable, parquet } from "../../../../formats/parquet.ts";
import { type Artifact, openRegistry } from "../../../../mod.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { pyarrowBytes } from "../../../formats/parquet/files.ts";
import { connect } from "./client_of.ts";
import { saveFiles } from "./save_files.ts";

Deno.test("the file of a run is its value, not its curve", async () => {
  await using registry = await openRegistry("memory:");
  await using run = await openRun(registry, "m");
  run.log({ loss: 0.5 });
  await run.finish("the weights");
  await using it = await connect(registry);
  const { path, text } = await it.call("read_file", { ref: "m" });
  assertEquals([path, text], ["text.txt", "the weights"]);
});

Deno.test("tables are read by rows and compared by column", async () => {
  await using registry = await openRegistry("memory:");
  const columns = { id: "int64", score: "number?" } as const;
  const rows = Array.from({ length: 100 }, (_, i) => ({ id: BigInt(i), score: i / 2 }));
  const big = await parquet().encode(createTable(columns, rows)) as Uint8Array;
  await saveFiles(registry, "t", { "a.parquet": big, "a.csv": "id,name\n1,a\n2,b\n3,\n" });
  await saveFiles(registry, "t", { "a.parquet": big, "a.csv": "id,name\n1,a\n5,b\n" });
  await using it = await connect(registry);
  const page = await it.call("read_file", { ref: "t", path: "a.parquet", offset: 98, limit: 1 });
  const { rows: read, rowCount, next, columns: named } = page;
  assertEquals([read, rowCount, next, named], [[{ id: 98, score: 49 }], 100, 99, ["id", "score"]]);
  const csv = await it.call("read_file", { ref: "t@1", path: "a.csv", offset: 1, limit: 1 });
  assertEquals([csv.rows, csv.next], [[{ id: "2", name: "b" }], 2]);
  const found = await it.call("compare_versions", { before: "t@1", after: "t@2" });
  const [file] = found.files as [Record<string, unknown>];
  assertEquals(file.tableBefore, {
    rows: 3,
    columns: { id: { empty: 0, min: 1, max: 3, mean: 2 }, name: { empty: 1 } },
  });
  assertEquals((file.tableAfter as { rows: number }).rows, 2);
  const { matchedBy, added, removed, changed } = file.rows as Record<string, unknown>;
  assertEquals([matchedBy, added, removed, changed], ["id", 1, 2, 0]);
  await saveFiles(registry, "german", { "a.csv": "id;name\n1;a,b\n2;c\n" });
  await saveFiles(registry, "excel", { "a.csv": "sep=;\r\nid;name\r\n1;a,b\r\n2;c\r\n" });
  for (const ref of ["german", "excel"]) {
    const { rows } = await it.call("read_file", { ref });
    assertEquals(rows, [{ id: "1", name: "a,b" }, { id: "2", name: "c" }], ref);
  }
  assertMatch(await it.call("read_file", { ref: "t", path: "a.csv", offset: -1 }), /beginning/);
  await saveFiles(registry, "local", { "a.parquet": pyarrowBytes("local") });
  const local = await it.call("read_file", { ref: "local", path: "a.parquet" });
  assertEquals(local.rows, [{ at: "2026-01-02T03:04:05.678901", day: "2026-01-02" }]);
  await saveFiles(registry, "fine", { "a.parquet": pyarrowBytes("fine") });
  const fine = await it.call("read_file", { ref: "fine", path: "a.parquet" });
  assertEquals((fine.rows as { at: string; ns: string }[]).map(({ at, ns }) => [at, ns]), [
    ["1970-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999999Z"],
    ["2026-03-28T22:00:00.123456Z", "2026-03-28T22:00:00.123Z"],
    [null, "2026-03-28T22:00:00.123456789Z"],
  ]);
});

Deno.test("a table of many columns is cut, and the answer says so", async () => {
  await using registry = await openRegistry("memory:");
  const cells = (prefix: string) =>
    Array.from({ length: 20_000 }, (_, i) => `${prefix}${i}`).join();
  await saveFiles(registry, "wide", { "w.csv": `${cells("column")}\n${cells("")}\n` });
  await using it = await connect(registry);
  const found = await it.call("read_file", { ref: "wide" });
  assert(JSON.stringify(found).length < 60_000);
  const [row] = found.rows as Record<string, unknown>[];
  assertEquals([row!.column199, row!.column200], ["199", undefined]);
  assertEquals([(found.columns as []).length, found.moreColumns], [200, 19_800]);
});

Deno.test("rows are read until an answer is full", async () => {
  let pulled = 0;
  const row = new TextEncoder().encode(
    `${Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(300))}\n`,
  );
  const stream = () => {
    let left = 5000;
    const pull = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(row.slice());
      pulled++;
      if (--left === 0) controller.close();
    };
    return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
  };
  const info = { path: "t.csv", size: 5000 * row.length, sha256: "" };
  const file = { info, stream } as unknown as ReturnType<Artifact["file"]>;
  const part = { as: "auto", offset: 1, line: undefined, limit: 4000 } as const;
  const memory = { bytes: 64 * 1024 ** 2, grow: () => Promise.resolve(false) };
  const reading = { signal: new AbortController().signal, memory };
  const { rows, next } = await showFile(file, part, reading);
  assertEquals([(rows as []).length, next], [1, 2]);
  assert(pulled < 1000, `${pulled}`);
});

Deno.test("statistics count no infinity and no blank cell as a number", async () => {
  await using registry = await openRegistry("memory:");
  for (const end of ["2,Infinity", "3,Infinity"]) {
    await saveFiles(registry, "t", { "t.csv": `a,b\n1,1\n ,1\n${end}\n` });
  }
  await using it = await connect(registry);
  const found = await it.call("compare_versions", { before: "t@1", after: "t@2" });
  const [{ tableBefore }] = found.files as [{ tableBefore: { columns: unknown } }];
  assertEquals(tableBefore.columns, {
    a: { empty: 1, min: 1, max: 2, mean: 1.5 },
    b: { empty: 0 },
  });
});

Deno.test("statistics count NaN as empty among numbers, and only decimals as numbers", async () => {
  await using registry = await openRegistry("memory:");
  for (const end of ["2,nan,1", "3,nan,1"]) {
    await saveFiles(registry, "t", { "t.csv": `a,b,c\n1,x,0x10\nNaN,y,1\n${end}\n` });
  }
  await using it = await connect(registry);
  const found = await it.call("compare_versions", { before: "t@1", after: "t@2" });
  const [{ tableBefore }] = found.files as [{ tableBefore: { columns: unknown } }];
  assertEquals(tableBefore.columns, {
    a: { empty: 1, min: 1, max: 2, mean: 1.5 },
    b: { empty: 0 },
    c: { empty: 0 },
  });
});
