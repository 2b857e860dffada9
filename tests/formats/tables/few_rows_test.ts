import { assert, assertEquals } from "@std/assert";
import { createTable } from "../../../formats/tables/create_table.ts";
import { csv } from "../../../formats/csv.ts";
import { readJsonLines } from "../../../formats/jsonl.ts";
import { parquet } from "../../../formats/parquet.ts";
import { contentBytes, fileOf } from "../format_files.ts";

/** An endless file that counts pulls, and resolves when all of its streams are closed. */
function endless(first: string, piece: string) {
  let pulls = 0;
  const closed: Promise<void>[] = [];
  function stream(): ReadableStream<Uint8Array> {
    const { promise, resolve } = Promise.withResolvers<void>();
    closed.push(promise);
    let isFirst = true;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      pulls++;
      controller.enqueue(new TextEncoder().encode(isFirst ? first : piece));
      isFirst = false;
    };
    return new ReadableStream({ pull, cancel: () => resolve() }, { highWaterMark: 0 });
  }
  return { file: { ...fileOf(""), stream }, closed: () => Promise.all(closed), pulls: () => pulls };
}

Deno.test("the first rows of an endless CSV file are read, and it is closed", async () => {
  const { file, closed, pulls } = endless("a,b\n", "1,2\n".repeat(1_000));
  const table = await csv().decode(file);
  const rows: unknown[] = [];
  for await (const row of table.rows()) if (rows.push(row) === 10) break;
  assertEquals(rows, Array.from({ length: 10 }, () => ({ a: "1", b: "2" })));
  await closed();
  assert(pulls() < 100, `${pulls()} pieces`);
});

Deno.test("the first values of endless JSON Lines are read, and they are closed", async () => {
  const { file, closed, pulls } = endless('{"a":0}\n', '{"a":1}\n'.repeat(1_000));
  const values: unknown[] = [];
  for await (const { value } of readJsonLines(file)) if (values.push(value) === 10) break;
  assertEquals(values, [{ a: 0 }, ...Array.from({ length: 9 }, () => ({ a: 1 }))]);
  await closed();
  assert(pulls() < 5, `${pulls()} pieces`);
});

Deno.test("a column may have any name, even one with a meaning for objects", async () => {
  const names = ["__proto__", "constructor", "2024", "a.b"];
  const columns = names.map((name) => ({ name, type: "number" as const }));
  const rows = [Object.fromEntries(names.map((name, i) => [name, i]))];
  const content = await contentBytes(await parquet().encode(createTable(columns, rows)));
  const back = await parquet().decode(fileOf(content));
  for await (const row of back.rows()) {
    const cells = names.map((name) => Object.getOwnPropertyDescriptor(row, name)?.value);
    assertEquals(cells, [0, 1, 2, 3]);
  }
  assertEquals(await back.column("__proto__"), Float64Array.of(0));
});
