import { gzipSync } from "node:zlib";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/format.ts";
import { parquet } from "../../../formats/parquet.ts";
import type { ParquetReadOptions } from "../../../formats/parquet.ts";
import { openChunk } from "../../../formats/parquet/chunk.ts";
import type { FileColumn } from "../../../formats/parquet/columns.ts";
import { openDeltaBytes, openDeltaNumbers } from "../../../formats/parquet/delta.ts";
import { openRuns } from "../../../formats/parquet/runs.ts";
import { withNulls } from "../../../formats/parquet/page.ts";
import { PageProblem, ThriftProblem } from "../../../formats/parquet/problems.ts";
import { readThrift } from "../../../formats/parquet/thrift.ts";
import { CODECS } from "../../../formats/parquet/unpack.ts";
import { fileOf } from "../format_files.ts";
import { withFlippedBytes } from "../tables/files.ts";
import { pyarrowBytes, pyarrowFile } from "./files.ts";
import type { PyarrowFile } from "./files.ts";

const NAMES: PyarrowFile[] = ["snappy", "gzip", "brotli", "lz4", "zstd", "none"];

/** Reads the first rows and a column; what it throws must be known. */
async function tryOut(
  file: FileToDecode,
  options: ParquetReadOptions = {},
): Promise<string | undefined> {
  try {
    const table = await parquet({ maxColumnRows: 1000, ...options }).decode(file);
    let rows = 0;
    for await (const _row of table.rows()) if (++rows === 1000) break;
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

Deno.test("a file that is cut off anywhere is refused", async () => {
  for (const name of NAMES) {
    const bytes = pyarrowBytes(name);
    for (let length = 0; length < bytes.byteLength; length++) {
      assert(
        await tryOut(fileOf(bytes.subarray(0, length))) !== undefined,
        `${name} of ${length} bytes`,
      );
    }
  }
});

Deno.test("flipped bytes give rows or a RegistryError that names the file", async () => {
  await withFlippedBytes(
    NAMES.map(pyarrowBytes),
    async (bytes) => void await tryOut(fileOf(bytes)),
  );
});

Deno.test("a dictionary of more empty texts than a few bytes can mean is refused before it takes memory", async () => {
  const values = (1 << 20) + 1;
  const packed = gzipSync(new Uint8Array(values * 4)); // each text has its length alone
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];
  const zigzag = (value: number) => varint(value * 2);
  const head = [
    0x15,
    ...zigzag(2),
    0x15,
    ...zigzag(values * 4),
    0x15,
    ...zigzag(packed.byteLength),
  ];
  head.push(0x4c, 0x15, ...zigzag(values), 0x15, ...zigzag(0), 0, 0); // field 7: how many, in which encoding
  const file = fileOf(concatBytes([Uint8Array.from(head), packed]));
  const toCell = () => assert(false, "a value was read");
  const column = {
    column: { name: "a", type: "string" },
    leaf: 0,
    type: 6,
    toCell,
  } as unknown as FileColumn;
  const sizes = { maxPageBytes: 2 ** 26, windowBytes: 2 ** 16 };
  const place = {
    ...{ file, column, codec: 2, offset: 0, length: file.size, rows: 10, firstRow: 1 },
    ...sizes,
  };
  const error = await assertRejects(() => openChunk(place).take(1));
  assert(isRegistryError(error, "Unsupported"), String(error));
  assertStringIncludes(error.message, `its dictionary has ${values} values, for 10 rows`);
});

Deno.test("any bytes in front of a footer's end, or none, are refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, hasEnd) => {
      const end = new Uint8Array(8);
      new DataView(end.buffer).setUint32(0, bytes.byteLength, true);
      end.set(new TextEncoder().encode("PAR1"), 4);
      const parts = hasEnd ? [new TextEncoder().encode("PAR1"), bytes, end] : [bytes];
      const whole = new Uint8Array(parts.flatMap((part) => [...part]));
      assert(await tryOut(fileOf(whole)) !== undefined);
    }),
  );
});

Deno.test("a page with a flipped byte and a sum is refused, with its column", async () => {
  const bytes = pyarrowBytes("gzip");
  bytes[60] ^= 1; // in the first page, whose head is shorter
  const said = await tryOut(fileOf(bytes));
  assertStringIncludes(said!, 'column "s", from row 1: a page has another sum');
});

Deno.test("what says it is larger than is allowed is refused", async () => {
  assertStringIncludes((await tryOut(pyarrowFile("none"), { maxPageBytes: 4 }))!, "4 are allowed");
  assertStringIncludes(
    (await tryOut(pyarrowFile("none"), { maxFooterBytes: 10 }))!,
    "10 are allowed",
  );
  assertStringIncludes(
    (await tryOut(pyarrowFile("none"), { maxColumnRows: 4 }))!,
    "it has 5 rows, 4 are allowed",
  );
});

Deno.test("a run of thousands of millions takes no more than is asked of it", () => {
  const view = new DataView(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 7).buffer);
  const take = openRuns(view, 0, 3);
  assertEquals(take(2), [7, 7]);
  assertEquals(take(3), [7, 7, 7]);
});

Deno.test("texts that repeat one another are refused where they are longer than allowed", () => {
  // Lengths of what is shared: 1000 numbers of 1000 each; as a first number and differences of 0.
  const zigzag = [0xd0, 0x0f]; // 1000
  const head = [0x80, 0x08, 0x01, 0xe8, 0x07]; // blocks of 1024 in one part, 1000 numbers
  const bytes = Uint8Array.of(...head, ...zigzag, 0, 0, ...head, 0, 0, 0);
  let said = "";
  try {
    openDeltaBytes(new DataView(bytes.buffer), 0, 100_000);
  } catch (error) {
    said = String(error);
  }
  assertStringIncludes(said, "longer than the page");
  assertEquals(
    openDeltaNumbers(new DataView(bytes.buffer), 0, 32).take(1000).every((n) => n === 1000n),
    true,
  );
});

Deno.test("a list says how long it is, and its bytes decide", () => {
  const list = { fields: { 1: ["items", { list: "integer" }] } } as const;
  for (
    const bytes of [[0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07, 2], [
      0x29,
      0xfc,
      0xff,
      0xff,
      0xff,
      0x07,
      0,
    ]]
  ) {
    let problem: unknown;
    try {
      readThrift(Uint8Array.from(bytes), list);
    } catch (error) {
      problem = error;
    }
    assert(problem instanceof ThriftProblem && problem.isCut, String(problem));
  }
  const deep = readProblem(new Uint8Array(100_000).fill(0x2c));
  assertStringIncludes(deep, "too deep");
  function readProblem(bytes: Uint8Array): string {
    try {
      readThrift(bytes, list);
      return "";
    } catch (error) {
      return String(error);
    }
  }
});

Deno.test("no packing gives more than the size that is said, or hangs", async () => {
  const indices = fc.constantFrom(1, 2, 4, 6, 7);
  await fc.assert(
    fc.asyncProperty(
      indices,
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(300),
      (codec, bytes, size) => {
        try {
          assert(CODECS[codec].unpack!(bytes, size).byteLength <= Math.max(size, 1));
        } catch (error) {
          assert(error instanceof Error);
        }
        return Promise.resolve();
      },
    ),
    { numRuns: 2000 },
  );
  const bomb = new Uint8Array(1_000_000);
  const packed = new Uint8Array(
    await new Response(new Blob([bomb]).stream().pipeThrough(new CompressionStream("gzip")))
      .arrayBuffer(),
  );
  await assertRejects(() => Promise.resolve().then(() => CODECS[2].unpack!(packed, 10)));
});

Deno.test("a level that is neither of null nor of a value is refused", () => {
  const view = new DataView(Uint8Array.of(4, 7).buffer);
  assertThrows(() => withNulls(view, (count) => new Array(count).fill(1))(2), PageProblem);
});
