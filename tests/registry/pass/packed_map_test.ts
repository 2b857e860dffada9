import { assertEquals } from "@std/assert";
import { PackedMap } from "../../../registry/pass/packed_map.ts";
import { createRandom } from "../../simulate/random.ts";
import { casesOfRun } from "../../support/seeds.ts";

const encoder = new TextEncoder();

/** In the order of their bytes, with keys that differ in length, hide in others, or are long. */
const KEYS = ["", "a", "a\n", "aa", "ab", "a\u0000", "é", "😀", "__proto__", "x".repeat(400)];

function inOrder<T>(entries: Iterable<[string, T]>): [string, T][] {
  const bytesOf = (key: string) => Array.from(encoder.encode(key));
  const compare = (a: number[], b: number[]) => {
    const n = a.findIndex((byte, i) => byte !== b[i]);
    return n < 0 ? a.length - b.length : a[n]! - (b[n] ?? -1);
  };
  return [...entries].sort(([a], [b]) => compare(bytesOf(a), bytesOf(b)));
}

Deno.test("a packed map has what a map has, in the order of bytes", () => {
  for (let seed = 1; seed <= casesOfRun(20); seed++) {
    const random = createRandom(seed).next;
    const packed = new PackedMap<unknown>();
    const map = new Map<string, unknown>();
    for (let n = 0; n < 300; n++) {
      const key = random() < 0.1
        ? KEYS[Math.floor(random() * KEYS.length)]!
        : `k${Math.floor(random() * 200)}`;
      assertEquals([packed.has(key), packed.get(key)], [map.has(key), map.get(key)], `${seed}`);
      const value = [null, n, { key: `${n}é` }][n % 3];
      packed.set(key, value);
      map.set(key, value);
      assertEquals(packed.get(key), value);
    }
    assertEquals([...packed], inOrder(map), `${seed}`);
    assertEquals(packed.size, map.size);
    assertEquals([...new PackedMap(map)], [...packed]);
  }
});

Deno.test("a packed map finds each of 100,000 names", () => {
  const packed = new PackedMap<[string, number]>();
  const nameOf = (n: number) => `name-${n}`;
  const valueOf = (n: number): [string, number] => [`${n}`.repeat(8), n];
  for (let n = 0; n < 100_000; n++) packed.set(nameOf(n), valueOf(n));
  for (let n = 0; n < 100_000; n += 997) assertEquals(packed.get(nameOf(n)), valueOf(n));
  assertEquals([packed.has("name"), packed.has("name-100000")], [false, false]);
  const long = "é".repeat(2 ** 20);
  packed.set(long, [long, 1]);
  packed.set("last", ["", 2]);
  assertEquals([packed.get(long)?.[0] === long, packed.get("last")], [true, ["", 2]]);
});
