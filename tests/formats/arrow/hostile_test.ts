import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/format.ts";
import { arrow } from "../../../formats/arrow.ts";
import type { ArrowReadOptions } from "../../../formats/arrow.ts";
import { openCells, readBatch } from "../../../formats/arrow/batch.ts";
import type { ArrowColumn } from "../../../formats/arrow/fields.ts";
import { readFields } from "../../../formats/arrow/fields.ts";
import { FlatProblem, readFlat, writeFlat } from "../../../formats/arrow/flatbuffer.ts";
import type { FlatTable } from "../../../formats/arrow/flatbuffer.ts";
import { KIND, readMessages } from "../../../formats/arrow/messages.ts";
import { fileOf } from "../format_files.ts";
import { withFlippedBytes } from "../tables/files.ts";
import { pyarrowBytes, pyarrowFile } from "./files.ts";
import type { PyarrowFile } from "./files.ts";

const NAMES: PyarrowFile[] = ["file", "stream", "lz4", "zstd"];

/** Reads all rows and a column; what it throws must be known. */
async function tryOut(
  file: FileToDecode,
  options: ArrowReadOptions = {},
): Promise<string | undefined> {
  try {
    const table = await arrow(options).decode(file);
    for await (const _row of table.rows());
    if (table.columns.length > 0) await table.column(table.columns[0].name);
  } catch (error) {
    assert(
      isRegistryError(error, "Corrupt", "Unsupported"),
      error instanceof Error ? error.stack : String(error),
    );
    assertStringIncludes(error.message, file.path);
    return error.message;
  }
}

Deno.test("a file that is cut off anywhere is refused, and a stream but where a message ends", async () => {
  const file = pyarrowBytes("file");
  for (let length = 0; length < file.byteLength; length++) {
    assert(await tryOut(fileOf(file.subarray(0, length))) !== undefined, `${length} bytes`);
  }
  const stream = pyarrowBytes("stream");
  let whole = 0;
  for (let length = 0; length < stream.byteLength; length++) {
    if (await tryOut(fileOf(stream.subarray(0, length))) === undefined) whole++;
  }
  assertEquals(whole, 4); // behind the schema, the dictionary and two batches
});

Deno.test("flipped bytes give rows or a RegistryError that names the file", async () => {
  await withFlippedBytes(
    NAMES.map(pyarrowBytes),
    async (bytes) => void await tryOut(fileOf(bytes)),
  );
});

Deno.test("any bytes are refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isMessage) => {
      const start = isMessage ? [255, 255, 255, 255, bytes.byteLength, 0, 0, 0] : [];
      assert(await tryOut(fileOf(Uint8Array.from([...start, ...bytes]))) !== undefined);
    }),
  );
});

Deno.test("a message that says more bytes of itself than is allowed is refused", async () => {
  assertStringIncludes(
    (await tryOut(pyarrowFile("stream"), { maxHeadBytes: 100 }))!,
    "100 are allowed",
  );
});

Deno.test("a list that says more items than its message has bytes is refused", () => {
  const flat = writeFlat({
    fields: { 0: { structs: [[1, 2], [3, 4]] }, 1: "text", 2: [{ fields: {} }] },
  });
  const read = readFlat(flat);
  assertEquals([read.structs(0, 2), read.text(1), [...read.tables(2)].length], [
    [[1, 2], [3, 4]],
    "text",
    1,
  ]);
  assertThrows(() => read.structs(0, 200), FlatProblem, "a list is longer than its message");
});

Deno.test("fields that are named again and again, below one another, are counted", () => {
  const table = readFlat(writeFlat({ fields: { 2: { number: 13, bytes: 1 } } }));
  const twice = (child: FlatTable): FlatTable => ({ ...table, tables: () => [child, child] });
  let field = table;
  for (let depth = 0; depth < 60; depth++) field = twice(field);
  assertThrows(
    () => readFields(twice(field), "refuse"),
    FlatProblem,
    "it has more than 65536 fields",
  );
});

Deno.test("names that are together longer than any file needs are refused", () => {
  const table = readFlat(writeFlat({ fields: { 2: { number: 6, bytes: 1 } } }));
  const field: FlatTable = { ...table, text: () => "x".repeat(1024 * 1024) };
  const schema = (count: number): FlatTable => ({
    ...table,
    tables: () => new Array(count).fill(field),
  });
  assertThrows(
    () => readFields(schema(17), "refuse"),
    FlatProblem,
    "the names of its fields are too long",
  );
});

const message = { kind: 3, head: readFlat(writeFlat({ fields: {} })), offset: 8, length: 64 };

Deno.test("a buffer that leads out of its batch is refused", () => {
  const head = (...buffer: number[]) =>
    readFlat(writeFlat({ fields: { 0: { number: 1, bytes: 8 }, 2: { structs: [buffer] } } }));
  assertEquals(readBatch("a.arrow", message, head(8, 56)).buffers, [[16, 56]]);
  for (const buffer of [[8, 57], [-8, 8], [8, -8]]) {
    const error = assertThrows(() => readBatch("a.arrow", message, head(...buffer)));
    assert(isRegistryError(error, "Corrupt"), String(error));
  }
});

Deno.test("nulls where there are none, and texts that end before they begin, are refused", async () => {
  const values = readFields(textSchema, "refuse")[0] as ArrowColumn;
  const offsets = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0);
  const file = fileOf(Uint8Array.from([...offsets, 97, 98, 99]), "a.arrow");
  const open = (nulls: number, rows = 2) =>
    openCells({
      file,
      batch: { rows: 2, nodes: [[rows, nulls]], buffers: [[0, 0], [0, 12], [12, 3]] },
      column: values,
      values: values.values,
      firstRow: 1,
      aheadBytes: 8,
      maxBufferBytes: 100,
    });
  assertEquals(await open(0)(0, 1), ["abc"]);
  await assertRejects(() => open(0)(0, 2), RegistryError, "its texts end before they begin");
  assertThrows(() => open(1), RegistryError, "it has nulls, and says that it has none");
  assertThrows(() => open(0, 3), RegistryError, "it has not 2 rows");
});

Deno.test("a value of a dictionary that is not there is refused", async () => {
  const bytes = pyarrowBytes("stream");
  const kept: Uint8Array[] = [];
  let at = 0;
  for await (
    const { kind, offset, length } of readMessages(fileOf(bytes), { maxHeadBytes: 10_000 })
  ) {
    if (kind !== KIND.dictionary) kept.push(bytes.subarray(at, offset + length));
    at = offset + length;
  }
  const said = await tryOut(fileOf(Uint8Array.from(kept.flatMap((part) => [...part]))));
  assertStringIncludes(said!, 'column "c": its dictionary has no value 0');
});

const textSchema = readFlat(
  writeFlat({ fields: { 1: [{ fields: { 0: "s", 2: { number: 5, bytes: 1 } } }] } }),
);
