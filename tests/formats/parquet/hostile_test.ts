import { gzipSync } from "node:zlib";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import { parquet, type ParquetReadOptions } from "../../../formats/parquet.ts";
import { openChunk } from "../../../formats/parquet/chunk.ts";
import type { FileColumn } from "../../../formats/parquet/columns.ts";
import { CutOff, readThrift } from "../../../formats/parquet/thrift.ts";
import { CODECS } from "../../../formats/parquet/unpack.ts";
import { Runs } from "../../../formats/parquet/runs.ts";
import { openValues } from "../../../formats/parquet/values.ts";
import { fileOf } from "../format_files.ts";
import { tryOut as tryTable } from "../tables/files.ts";
import { pyarrowBytes, type PyarrowFile, pyarrowFile } from "./files.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

const NAMES: PyarrowFile[] = ["snappy", "gzip", "brotli", "lz4", "zstd", "none"];

const tryOut = (file: FileToDecode, options: ParquetReadOptions = {}) =>
  tryTable(parquet({ maxColumnRows: 1000, ...options }), file);

slowTest("a file that is cut off anywhere is refused", async () => {
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
  assertStringIncludes(said!, 'column "s", from row 1: page checksum mismatch');
});

Deno.test("a file that declares more than the limit is refused", async () => {
  const bytes = new Uint8Array(2 ** 25 + 100);
  bytes.set(new TextEncoder().encode("PAR1"), bytes.length - 4);
  new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 25 + 1, true);
  assertStringIncludes((await tryOut(fileOf(bytes)))!, "33554433 bytes, 33554432 are allowed");
  assertStringIncludes(
    (await tryOut(pyarrowFile("none"), { maxColumnRows: 4 }))!,
    "it has 5 rows, 4 are allowed",
  );
});

Deno.test("a run of thousands of millions takes no more than is asked of it", () => {
  const bytes = Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 7);
  assertEquals(new Runs(bytes, 3).read(new Uint8Array(5)), new Uint8Array(5).fill(7));
  assertThrows(() => new Runs(bytes.subarray(0, 5), 3).read(new Uint8Array(5)));
});

Deno.test("strings that repeat one another are refused where they are longer than allowed", () => {
  // Lengths of what is shared: 1000 numbers of 1000 each; as a first number and differences of 0.
  const head = [0x80, 0x08, 0x01, 0xe8, 0x07]; // blocks of 1024 in one part, 1000 numbers
  const page = Uint8Array.of(...head, 0xd0, 0x0f, 0, 0, ...head, 0xd0, 0x0f, 0, 0);
  const whole = new Uint8Array(page.length + 1000);
  whole.set(page);
  const encoded = { encoding: 7, type: 6, rows: 1000, count: () => 1000, maxBytes: 100_000 };
  const values = openValues(whole, 0, encoded)!;
  assertThrows(() => values.take(1000), Error, "too long");
});

Deno.test("a list declares its length, but its bytes decide", () => {
  for (
    const bytes of [
      [0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x07, 2],
      [0x29, 0xfc, 0xff, 0xff, 0xff, 0x07, 0],
    ]
  ) assertThrows(() => readThrift(Uint8Array.from(bytes)), CutOff);
  assertThrows(() => readThrift(new Uint8Array(100_000).fill(0x2c)), Error, "nested too deeply");
  assertThrows(() => readThrift(new Uint8Array(100_000).fill(0xff)), Error);
});

Deno.test("no codec returns more than the declared size, or hangs", async () => {
  const indices = fc.constantFrom(1, 2, 4, 6, 7);
  await fc.assert(
    fc.asyncProperty(
      indices,
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(300),
      async (codec, bytes, size) => {
        try {
          const unpacked = await CODECS[codec].unpack!(bytes, size, () => Promise.resolve());
          assert(unpacked.byteLength <= Math.max(size, 1));
        } catch (error) {
          assert(error instanceof Error);
        }
      },
    ),
    { numRuns: casesOfRun(2000) },
  );
});

const varint = (value: number): number[] =>
  value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];

/** A column chunk of one page of strings, packed by gzip: its kind, and the fields of its head that say more. */
function chunkOf(kind: number, size: number, content: Uint8Array, more: number[]) {
  const packed = gzipSync(content);
  const numbers = [kind, size, packed.byteLength].flatMap((n) => [0x15, ...varint(n * 2)]);
  const page = Uint8Array.from([0, 0, 0, 0, ...numbers, ...more, 0, ...packed]);
  const rows = 10;
  const meta = { type: 6, codec: 2, values: rows, bytes: page.byteLength - 4, offset: 4 };
  return openChunk({
    file: fileOf(page),
    column: {
      column: { name: "a", type: "string", nullable: true },
      leaf: 0,
      type: 6,
      toCells: (cells) => cells,
    } as FileColumn,
    group: { rows, columns: [{ isElsewhere: false, meta }] },
    firstRow: 1,
    windowBytes: 2 ** 16,
    maxPageBytes: 2 ** 26,
  });
}

Deno.test("pages that mean more than their bytes can are refused", async () => {
  const values = (1 << 20) + 1; // each empty string has its length alone
  const dictionary = [0x4c, 0x15, ...varint(values * 2), 0x15, 0, 0];
  const levels = Uint8Array.of(2, 0, 0, 0, 20, 7, ...new Uint8Array(40)); // ten times the level 7
  const data = [0x2c, 0x15, 20, 0x15, 0, 0x15, 6, 0x15, 6, 0];
  const cases: [chunk: ReturnType<typeof chunkOf>, said: string][] = [
    [
      chunkOf(2, values * 4, new Uint8Array(values * 4), dictionary),
      `its dictionary has ${values} values, for 10 rows`,
    ],
    [chunkOf(0, levels.length, levels, data), "a level is above 1"],
    [chunkOf(0, 2 ** 26 + 1, levels, data), "67108865 bytes, 67108864 are allowed"],
    [chunkOf(0, 10, new Uint8Array(1_000_000), data), "is damaged"],
  ];
  for (const [chunk, said] of cases) {
    const error = await assertRejects(async () => {
      await chunk.fill();
      chunk.take(10);
    });
    assert(isRegistryError(error, "Corrupt", "Unsupported"), String(error));
    assertStringIncludes(error.message, said);
  }
});
