import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ChunkList } from "../../../../core/bytes/content_chunks.ts";
import { type ObjectRange, usedBytes } from "../../../../registry/cell/object_ranges.ts";
import { type PlannedPart, planParts } from "../../../../registry/payload/writing/shared_ranges.ts";
import { casesOfRun } from "../../../support/seeds.ts";

const KIB = 1024;
const CHUNK = 16 * KIB;

/** Chunks as letters: each is 16 KiB, and equal letters are equal bytes. */
function listOf(letters: string): ChunkList {
  const list = new ChunkList(CHUNK);
  for (const letter of letters) list.add(CHUNK, new Uint8Array(32).fill(letter.charCodeAt(0)));
  return list;
}

/** Plans a file against an earlier one, whose chunks are in these objects; numbers are in chunks. */
function plan(
  file: string,
  earlier: string,
  objects: { key: string; offset?: number; count: number; size?: number }[],
): string | undefined {
  const ranges = objects.map(({ key, offset = 0, count }): ObjectRange => (
    { key, offset: offset * CHUNK, size: count * CHUNK }
  ));
  const sizes = new Map<string, number>();
  for (const { key, offset = 0, count, size } of objects) {
    sizes.set(key, Math.max(sizes.get(key) ?? 0, (size ?? offset + count) * CHUNK));
  }
  const parts = planParts(listOf(file), { list: listOf(earlier), ranges }, sizes);
  return parts?.map(({ size, from }) =>
    `${from === undefined ? "new" : `${from.key}${from.offset / CHUNK}`}:${size / CHUNK}`
  ).join(" ");
}

Deno.test("a run of equal chunks points into the object of the earlier file", () => {
  const one = [{ key: "A", count: 6 }];
  assertEquals(plan("abcdef", "abcdef", one), "A0:6");
  assertEquals(plan("abXdef", "abcdef", one), "A0:2 new:1 A3:3");
  assertEquals(plan("Xabcdef", "abcdef", one), "new:1 A0:6");
  assertEquals(plan("uvwxyz", "abcdef", one), undefined);
});

Deno.test("the earlier file may be in several objects", () => {
  const two = [{ key: "A", count: 3 }, { key: "B", offset: 1, count: 1 }, {
    key: "A",
    offset: 4,
    count: 2,
  }];
  assertEquals(plan("abcdef", "abcdef", two), "A0:3 B1:1 A4:2");
});

Deno.test("an object is not used for less than half of its bytes", () => {
  assertEquals(plan("abcxyz", "abcdef", [{ key: "A", count: 6 }]), "A0:3 new:3");
  assertEquals(plan("abwxyz", "abcdef", [{ key: "A", count: 6 }]), undefined);
  const packed = [{ key: "A", offset: 7, count: 6, size: 20 }];
  assertEquals(plan("abcdef", "abcdef", packed), undefined);
  const both = [{ key: "A", count: 4 }, { key: "B", count: 2, size: 5 }];
  assertEquals(plan("abcdef", "abcdef", both), "A0:4 new:2");
});

Deno.test("bytes that are used twice count once", () => {
  assertEquals(plan("aaaaaa", "abcdef", [{ key: "A", count: 6 }]), undefined);
});

Deno.test("an object that is missing, or shorter than the record says, is not used", () => {
  const short = [{ key: "A", count: 4, size: 3 }, { key: "B", count: 2 }];
  assertEquals(plan("abcdef", "abcdef", short), "A0:3 new:1 B0:2");
  const gone = [{ key: "A", count: 4, size: -1 }, { key: "B", count: 2 }];
  assertEquals(plan("abcdef", "abcdef", gone), "new:4 B0:2");
});

Deno.test("a file points into eight objects at most, and merges small ones", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const newOf = (counts: number[]) => {
    const objects = counts.map((count, i) => ({ key: `${i}_`, count }));
    const file = letters.slice(0, counts.reduce((sum, count) => sum + count));
    return plan(file, file, objects)?.split(" ").filter((piece) => piece.startsWith("new"));
  };
  assertEquals(newOf([3, 3, 3, 3, 1, 3, 3, 3, 3]), ["new:1"]);
  assertEquals(newOf([3, 3, 3, 3, 1, 2, 3, 7]), []);
  assertEquals(newOf([2, 2, 2, 2, 2, 2, 2, 2, 3]), ["new:16"]);
});

Deno.test("a file in too many parts is stored whole", () => {
  const earlier = Array.from({ length: 200 }, (_, i) => String.fromCharCode(1000 + i)).join("");
  const one = [{ key: "A", count: 200 }];
  const each = (every: number) =>
    Array.from(earlier, (letter, i) => i % every === 0 ? "X" : letter).join("");
  assertEquals(plan(each(2), earlier, one), undefined);
  assert(plan(each(9), earlier, one) !== undefined);
});

Deno.test("every plan has the bytes of the file, and keeps the limits", () => {
  const letters = fc.string({ unit: fc.constantFrom(..."abcdefghijkl"), maxLength: 40 });
  const cuts = fc.array(fc.record({ key: fc.nat(11), count: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 40,
    maxLength: 40,
  });
  const spare = fc.array(fc.nat(12), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(letters, letters, cuts, spare, (file, earlier, cuts, spare) => {
      const ranges: ObjectRange[] = [];
      const contents = new Map<string, string>(); // of each object, in chunks
      for (let at = 0; at < earlier.length;) {
        const { key, count } = cuts[ranges.length]!;
        const bytes = earlier.slice(at, at += count);
        const before = contents.get(`${key}`) ?? "-".repeat(spare[key]!);
        ranges.push({
          key: `${key}`,
          offset: before.length * CHUNK,
          size: bytes.length * CHUNK,
        });
        contents.set(`${key}`, before + bytes);
      }
      const sizes = new Map(Array.from(contents, ([key, { length }]) => [key, length * CHUNK]));
      const parts = planParts(listOf(file), { list: listOf(earlier), ranges }, sizes);
      if (parts === undefined) return;
      assertEquals(bytesOf(parts, contents, file), file);
      const shared = parts.flatMap(({ size, from }) => from ? [{ ...from, size }] : []);
      const used = [...usedBytes(shared)];
      assert(used.length > 0 && used.length <= 8);
      for (const [key, bytes] of used) assert(bytes * 2 >= sizes.get(key)!);
    }),
    { numRuns: casesOfRun(2000) },
  );
});

function bytesOf(
  parts: PlannedPart[],
  contents: ReadonlyMap<string, string>,
  file: string,
): string {
  let at = 0;
  return parts.map(({ size, from }) => {
    const count = size / CHUNK;
    const start = (from?.offset ?? 0) / CHUNK;
    const bytes = from === undefined
      ? file.slice(at, at + count)
      : contents.get(from.key)!.slice(start, start + count);
    at += count;
    return bytes;
  }).join("");
}
