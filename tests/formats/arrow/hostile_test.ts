import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { FileToDecode } from "../../../core/file_store.ts";
import { arrow } from "../../../formats/arrow.ts";
import { type CellsPlace, openCells } from "../../../formats/arrow/batch.ts";
import { readMessages } from "../../../formats/arrow/messages.ts";
import { fileOf } from "../format_files.ts";
import { tryOut as tryTable } from "../tables/files.ts";
import { pyarrowBytes } from "./files.ts";
import { refused } from "../../support/refused.ts";

const tryOut = (file: FileToDecode) => tryTable(arrow(), file);

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

Deno.test("any bytes are refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isMessage) => {
      const start = isMessage ? [255, 255, 255, 255, bytes.byteLength, 0, 0, 0] : [];
      assert(await tryOut(fileOf(Uint8Array.from([...start, ...bytes]))) !== undefined);
    }),
  );
});

Deno.test("a message that declares more bytes than the limit is refused", async () => {
  const bytes = new Uint8Array(2 ** 24 + 100).fill(255, 0, 4);
  bytes[4] = 1;
  bytes[7] = 1;
  const said = await tryOut(fileOf(bytes));
  assertStringIncludes(said!, "declares 16777217 bytes, 16777216 are allowed");
});

Deno.test("a value of a dictionary that is not there is refused", async () => {
  const bytes = pyarrowBytes("stream");
  const kept: Uint8Array[] = [];
  let at = 0;
  for await (const message of readMessages(fileOf(bytes))) {
    const end = message.kind === "schema" ? message.end! : message.offset + message.length;
    if (message.kind !== "dictionary") kept.push(bytes.subarray(at, end));
    at = end;
  }
  const said = await tryOut(fileOf(Uint8Array.from(kept.flatMap((part) => [...part]))));
  assertStringIncludes(said!, 'column "c": no value 0 in its dictionary');
});

Deno.test("buffers, rows and nulls that contradict a batch are refused", async () => {
  const bytes = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 97, 98, 99); // "abc" ends at 3, the next at 2
  const open = (
    { nullCount = 0, length = 2, text: [offset, size] = [12, 3] }: {
      nullCount?: number;
      length?: number;
      text?: number[];
    },
  ) => {
    const regions = [{ offset: 0, length: 0 }, { offset: 0, length: 12 }, { offset, length: size }];
    return openCells({
      file: fileOf(bytes),
      message: {
        batch: {
          length: 2,
          nodes: [{ length, nullCount }],
          regions,
          compression: null,
          variadic: [],
        },
        offset: 0,
        length: 15,
      },
      column: {
        column: { name: "a", type: "string", nullable: false },
        place: { node: 0, buffer: 0, views: 0 },
      },
      values: { type: "string", layout: "text", array: Int32Array, toCells: (cells) => cells },
      firstRow: 1,
      aheadBytes: 8,
    } as CellsPlace);
  };
  assertEquals(await open({})(0, 1), ["abc"]);
  const cases: [place: Parameters<typeof open>[0], said: string][] = [
    [{}, "its string offsets decrease"],
    [{ nullCount: 1 }, "it has nulls but is not nullable"],
    [{ length: 3 }, "it does not have 2 rows"],
    [{ text: [12, 4] }, "a buffer exceeds its batch"],
    [{ text: [-8, 8] }, "a buffer exceeds its batch"],
    [{ text: [8, -8] }, "a buffer exceeds its batch"],
  ];
  for (const [place, said] of cases) {
    const error = await refused("Corrupt", async () => await open(place)(0, 2));
    assertStringIncludes(error.message, said);
  }
});
