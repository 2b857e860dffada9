import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import {
  averageFor,
  averageLike,
  ChunkList,
  equalRuns,
  ListMaker,
} from "../../../core/bytes/content_chunks.ts";
import { Cutter } from "../../../core/bytes/cutter.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { slowTest } from "../../support/seeds.ts";

const KIB = 1024;
const GIB = 1024 ** 3;

/** Pseudo-random bytes, as in a compressed file. */
function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = seed * 2654435761 >>> 0 || 1;
  for (let i = 0; i < size; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}

function listOf(bytes: Uint8Array, pieces: readonly number[] = [], average = 16 * KIB): ChunkList {
  const maker = new ListMaker(average);
  let at = 0;
  for (const size of pieces) maker.update(bytes.subarray(at, at += size));
  maker.update(bytes.subarray(at));
  return maker.end();
}

function lengths(list: ChunkList): number[] {
  return Array.from({ length: list.count }, (_, i) => list.lengthOf(i));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("chunks have a quarter to four times the average, and about the average", () => {
  const list = listOf(noise(4096 * KIB));
  const sizes = lengths(list);
  assert(sizes.slice(0, -1).every((size) => size >= 4 * KIB && size <= 64 * KIB));
  assert(list.count > 170 && list.count < 400, `${list.count} chunks`);
});

Deno.test("the chunks of a list cover the file, however its bytes arrive", () => {
  const bytes = noise(400 * KIB);
  const whole = listOf(bytes);
  assertEquals(whole.size, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < whole.count; i++) {
    assertEquals(hex(whole.digestOf(i)), sha256(bytes.subarray(at, at += whole.lengthOf(i))));
  }
  const check = fc.property(
    fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 12 }),
    (pieces) => assertEquals(listOf(bytes, pieces).encode(), whole.encode()),
  );
  fc.assert(check, { numRuns: 25 });
});

Deno.test("the boundaries are those of every release", () => {
  assertEquals(lengths(listOf(noise(128 * KIB))), FIRST_LENGTHS);
});

const FIRST_LENGTHS = [9020, 11903, 29260, 18363, 26736, 35790];

slowTest("an edit changes the chunks around it alone", () => {
  const old = noise(2048 * KIB);
  const check = fc.property(
    fc.nat(old.byteLength - 200),
    fc.nat(100),
    fc.uint8Array({ maxLength: 100 }),
    (at, removed, added) => {
      const edited = concatBytes([old.subarray(0, at), added, old.subarray(at + removed)]);
      const runs = equalRuns(listOf(edited), listOf(old));
      const fresh = runs.reduce((sum, { at, size }) => at === undefined ? sum + size : sum, 0);
      assert(runs.length <= 5 && fresh <= 256 * KIB, JSON.stringify(runs));
      assertEquals(rebuilt(edited, old, runs), sha256(edited));
    },
  );
  fc.assert(check, { numRuns: 25 });
});

Deno.test("runs rebuild any file from another one", () => {
  const block = fc.record({ seed: fc.integer({ min: 1, max: 6 }), size: fc.nat(90_000) });
  const file = fc.array(block, { maxLength: 8 }).map((blocks) =>
    concatBytes(
      blocks.map(({ seed, size }) => seed === 6 ? new Uint8Array(size) : noise(size, seed)),
    )
  );
  fc.assert(
    fc.property(file, file, (one, other) => {
      assertEquals(rebuilt(one, other, equalRuns(listOf(one), listOf(other))), sha256(one));
    }),
    { numRuns: 40 },
  );
});

/** Returns the digest of a file that is built from runs. */
function rebuilt(bytes: Uint8Array, old: Uint8Array, runs: ReturnType<typeof equalRuns>): string {
  let offset = 0;
  const pieces = runs.map(({ at, size }) => {
    const from = at === undefined
      ? bytes.subarray(offset, offset + size)
      : old.subarray(at, at + size);
    offset += size;
    return from;
  });
  return sha256(concatBytes([new Uint8Array(), ...pieces]));
}

Deno.test("repeated chunks continue the run that they are in", () => {
  const zeros = new Uint8Array(1024 * KIB);
  assertEquals(equalRuns(listOf(zeros), listOf(zeros)), [{ at: 0, size: zeros.byteLength }]);
});

Deno.test("a list is decoded as it was encoded", () => {
  const list = listOf(noise(300 * KIB));
  const decoded = ChunkList.decode(list.encode()!, 300 * KIB)!;
  assertEquals([decoded.average, lengths(decoded)], [16 * KIB, lengths(list)]);
  assertEquals(hex(decoded.digestOf(3)), hex(list.digestOf(3)));
  assertEquals(new ListMaker(16 * KIB).end().encode(), undefined);
});

Deno.test("a list that does not describe the file is not decoded", () => {
  const bytes = listOf(noise(300 * KIB)).encode()!;
  const decode = (edit: (view: DataView) => void, size = 300 * KIB) => {
    const copy = bytes.slice();
    edit(new DataView(copy.buffer));
    return ChunkList.decode(copy, size);
  };
  assertEquals(decode(() => {}, 300 * KIB - 1), undefined);
  assertEquals(decode(() => {}, 2 ** 53), undefined);
  for (const average of [0, 3, 8 * KIB, 3 * 16 * KIB, 2 ** 31]) {
    assertEquals(decode((view) => view.setUint32(0, average, true)), undefined);
  }
  for (const length of [0, 65 * KIB, 2 ** 32 - 1]) {
    assertEquals(decode((view) => view.setUint32(4, length, true)), undefined);
  }
  for (const end of [0, 3, 4, 39, bytes.byteLength - 1, bytes.byteLength - 36]) {
    assertEquals(ChunkList.decode(bytes.subarray(0, end), 300 * KIB), undefined);
  }
  assertEquals(ChunkList.decode(new Uint8Array(4 + 36 * 1_000_000), 1_000_000), undefined);
  const check = fc.property(fc.uint8Array({ maxLength: 200 }), fc.maxSafeNat(), (some, size) => {
    const list = ChunkList.decode(some, size);
    assert(list === undefined || list.size === size);
  });
  fc.assert(check);
});

Deno.test("chunks grow with the file, and lists stay below a few MiB", () => {
  const sizes = [64 / 1024, 65 / 1024, 1, 4, 64, 100, 1024].map((gib) => gib * GIB);
  const averages = sizes.map((size) => averageFor(size) / KIB);
  assertEquals(averages, [16, 32, 64, 128, 512, 1024, 8192]);
  for (const size of sizes) assert(size / averageFor(size) * 36 < 5 * 1024 * KIB);
});

Deno.test("a file is cut like the list that it is compared with, if that suits its size", () => {
  const like = (average: number, size: number) =>
    averageLike({ average: average * KIB }, size) / KIB;
  assertEquals(like(16, GIB), 16);
  assertEquals(like(16, 1.1 * GIB), 128);
  assertEquals(like(64, GIB / 1024), 64);
  assertEquals(like(128, GIB / 1024), 16);
});

Deno.test("a list that only verifies ranges has chunks of a fixed length", () => {
  const bytes = noise(5 * 1024 * KIB / 2);
  const maker = ListMaker.fixed(16 * KIB);
  maker.update(bytes.subarray(0, 300));
  maker.update(bytes.subarray(300));
  const list = ChunkList.decode(maker.end().encode()!, bytes.byteLength)!;
  assertEquals([list.average, ...lengths(list)], [256, 1024, 1024, 512].map((kib) => kib * KIB));
  assertEquals(ListMaker.fixed(2048 * KIB).end().average, 2048 * KIB);
});

Deno.test("ranges of whole chunks cover any range", () => {
  const bytes = noise(600 * KIB);
  const list = listOf(bytes);
  const ends = lengths(list).map((_, i, all) => all.slice(0, i + 1).reduce((a, b) => a + b));
  const check = fc.property(
    fc.nat(bytes.byteLength - 1),
    fc.integer({ min: 1, max: bytes.byteLength }),
    fc.nat(200 * KIB),
    (from, length, most) => {
      const to = Math.min(from + length, bytes.byteLength);
      const ranges = [...list.cover({ from, to }, most)];
      assert(ranges[0]!.from <= from && ranges.at(-1)!.to >= to);
      for (const [i, { from, to }] of ranges.entries()) {
        assert(from === 0 || ends.includes(from));
        assert(ends.includes(to));
        assert(to - from <= most || to === ends.find((end) => end > from));
        if (i > 0) assertEquals(from, ranges[i - 1]!.to);
      }
    },
  );
  fc.assert(check);
});

slowTest("the list of a file of unknown size stays short", () => {
  const short = shortestChunk();
  const many = concatBytes(Array.from({ length: 1024 }, () => short));
  const maker = new ListMaker(16 * KIB);
  for (let i = 0; i < 192; i++) maker.update(many);
  assertEquals([maker.end().count, maker.end().average], [192 * 1024, 256 * KIB]);
  maker.update(new Uint8Array(5 * 1024 * KIB / 2));
  const list = maker.end();
  const all = lengths(ChunkList.decode(list.encode()!, list.size)!);
  assert(all.slice(0, 192 * 1024).every((length) => length === short.byteLength));
  assertEquals(all.slice(192 * 1024), [1024, 1024, 512].map((kib) => kib * KIB));
});

/** Returns a chunk that ends as soon as one may. */
function shortestChunk(): Uint8Array {
  const bytes = new Uint8Array(4 * KIB + 2);
  for (let last = 0; last < 65_536; last++) {
    bytes.set([last >> 8, last & 255], 4 * KIB);
    if (new Cutter(16 * KIB).next(bytes, 0) === bytes.byteLength) return bytes;
  }
  throw new Error("no such chunk");
}
