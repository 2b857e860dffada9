import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { Cutter } from "../../../core/bytes/cutter.ts";
import { fromHex, sha256 } from "../../../core/bytes/digest.ts";
import { casesOfRun } from "../../support/seeds.ts";

const KIB = 1024;

/** The number of each byte: the first four bytes of a digest, the lowest first. */
const NUMBERS = Array.from({ length: 256 }, (_, byte) => {
  const [a, b, c, d] = fromHex(sha256(`holdfast gear ${byte}`));
  return (d << 24 | c << 16 | b << 8 | a) >>> 0;
});

/** The ends of the chunks of a file, in the words of FORMAT.md (3.4): one byte a step. */
function endsByFormat(bytes: Uint8Array, average: number): number[] {
  const n = Math.log2(average);
  const ends: number[] = [];
  let begin = 0, hash = 0;
  for (let at = 0; at < bytes.byteLength; at++) {
    const length = at + 1 - begin;
    if (length > average / 4) hash = (hash * 2 + NUMBERS[bytes[at]]) >>> 0;
    const zeros = length <= average ? n + 1 : n - 1;
    const isCut = length > average / 4 && hash < 2 ** (32 - zeros);
    if (!isCut && length < 4 * average) continue;
    ends.push(at + 1);
    begin = at + 1;
    hash = 0;
  }
  return ends;
}

/** The same by the cutter, which gets the bytes in these pieces. */
function ends(pieces: readonly Uint8Array[], cutter: Cutter): number[] {
  const offsets: number[] = [];
  let before = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength;) {
      const end = cutter.next(piece, at);
      if (end === undefined) break;
      offsets.push(before + end);
      at = end;
    }
    before += piece.byteLength;
  }
  return offsets;
}

const text = (size: number) => {
  const lines = Array.from({ length: size / 20 + 1 }, (_, i) => `${i},${i * i},row of a table\n`);
  return new TextEncoder().encode(lines.join("")).subarray(0, size);
};

const noise = (size: number, seed: number) => {
  let x = seed || 1;
  return Uint8Array.from({ length: size }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x;
  });
};

/** Bytes of several kinds, one after the other. */
const content = fc.array(
  fc.tuple(fc.constantFrom("noise", "zeros", "text"), fc.nat(30_000), fc.nat()),
  { minLength: 1, maxLength: 6 },
).map((runs) =>
  concatBytes(
    runs.map(([kind, size, seed]) =>
      kind === "noise" ? noise(size, seed) : kind === "text" ? text(size) : new Uint8Array(size)
    ),
  )
);

/** Copies bytes to memory that begins `offset` bytes into a buffer. */
function movedTo(bytes: Uint8Array, offset: number): Uint8Array {
  const buffer = new Uint8Array(offset + bytes.byteLength + 5);
  buffer.set(bytes, offset);
  return buffer.subarray(offset, offset + bytes.byteLength);
}

Deno.test("files are cut where FORMAT.md says, however their bytes arrive", () => {
  const check = fc.property(
    content,
    fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.nat(9)), { maxLength: 12 }),
    // Small averages have more ends in as many bytes.
    fc.constantFrom(64, 256, KIB, 16 * KIB),
    (bytes, sizes, average) => {
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const [size, offset] of [...sizes, [bytes.byteLength, 3] as const]) {
        pieces.push(movedTo(bytes.subarray(at, at + size), offset));
        at += size;
      }
      assertEquals(ends(pieces, new Cutter(average)), endsByFormat(bytes, average));
    },
  );
  fc.assert(check, { numRuns: casesOfRun(60) });
});

Deno.test("a file of one kind of byte is cut at the longest length, or the shortest", () => {
  for (let byte = 0; byte < 256; byte += 15) {
    const bytes = new Uint8Array(200 * KIB).fill(byte);
    assertEquals(ends([bytes], new Cutter(16 * KIB)), endsByFormat(bytes, 16 * KIB));
  }
});
