// Which keys matter: against slow references, published values, and with ties, gaps and constants.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { influenceOf } from "../../src/views/versions/influence.ts";

type Pair = [unknown, unknown];

const zip = (x: readonly unknown[], y: readonly unknown[]): Pair[] =>
  x.map((each, i) => [each, y[i]]);

function assertAlmostEquals(found: number, wanted: number, most: number): void {
  assert(Math.abs(found - wanted) <= most, `${found}, not ${wanted}`);
}

/** The rank of each value by counting, then Pearson's correlation by its definition. */
function reference(pairs: readonly (readonly [number, number])[]): number {
  const ranks = (values: readonly number[]) =>
    values.map((value) =>
      values.filter((each) => each < value).length +
      (values.filter((each) => each === value).length + 1) / 2
    );
  const [x, y] = [ranks(pairs.map(([x]) => x)), ranks(pairs.map(([, y]) => y))];
  const n = pairs.length;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const top = n * sum(x.map((each, i) => each * y[i]!)) - sum(x) * sum(y);
  const part = (v: readonly number[]) => n * sum(v.map((each) => each ** 2)) - sum(v) ** 2;
  return top / Math.sqrt(part(x) * part(y));
}

const fewNumbers = fc.integer({ min: -3, max: 3 });
const number = fc.oneof(fewNumbers, fc.double({ noNaN: true, noDefaultInfinity: true }));

Deno.test("the correlation of numbers is that of their ranks, also with ties and gaps", () => {
  const gap = fc.constantFrom(undefined, null, NaN, Infinity, "", "3");
  const pairs = fc.array(fc.tuple(fc.oneof(number, gap), fc.oneof(number, gap)), { maxLength: 30 });
  fc.assert(fc.property(pairs, (pairs) => {
    const both = pairs.filter((pair) => pair.every(Number.isFinite)) as [number, number][];
    const found = influenceOf(pairs, true);
    const isConstant = [0, 1].some((i) => new Set(both.map((pair) => pair[i]! + 0)).size < 2);
    assertEquals(found === undefined, both.length < 3 || isConstant);
    if (found === undefined) return;
    assertAlmostEquals(found.value, reference(both), 1e-9);
    assertEquals(found.versions, both.length);
  }));
});

Deno.test("the correlation is what is published, and that of opposite orders is -1", () => {
  // The example of scipy.stats.spearmanr.
  const { value } = influenceOf(zip([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]), true)!;
  assertAlmostEquals(value, 0.8207826816681233, 1e-12);
  const opposite = influenceOf(zip([1, 2, 30, 1e9], [4, 3, 2.5, -1e300]), true)!;
  assertEquals([opposite.value, opposite.strength], [-1, 1]);
});

Deno.test("words are compared by the means of those that two versions have", () => {
  const words = ["a", "a", null, null, "c", "", undefined, true, true];
  const found = influenceOf(zip(words, [1, 3, 5, 9, 100, 100, 100, 4, NaN]), false)!;
  assertEquals(found.words, [["null", 7], ["a", 2]]);
  assertEquals([found.measure, found.value, found.versions], ["difference of means", 5, 4]);
  assertEquals(influenceOf(zip(["a", "b", "c"], [1, 2, 3]), false), undefined);
  assertEquals(influenceOf(zip(["a", "a", "b", "b"], [1, 1, 1, 1]), false), undefined);
});

Deno.test("two words are as strong as two numbers, and many random words are weak", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), number), { maxLength: 30 }), (pairs) => {
    const ones = pairs.filter(([is]) => is).length;
    fc.pre(ones > 1 && pairs.length - ones > 1);
    const numbers = influenceOf(pairs.map(([is, y]) => [Number(is), y]), true);
    const words = influenceOf(pairs, false);
    assertAlmostEquals(numbers?.strength ?? -1, words?.strength ?? -1, 1e-6);
  }));
  const metric = Array.from({ length: 40 }, (_, i) => i * 17 % 41);
  const random = influenceOf(zip(metric.map((_, i) => `w${i % 20}`), metric), false)!;
  const real = influenceOf(zip(metric.map((y) => y > 20 ? "high" : "low"), metric), false)!;
  assert(random.strength < 0.5 && real.strength > 0.8, `${random.strength} ${real.strength}`);
});

Deno.test("chance explains random keys, and no key that matters", () => {
  const random = (() => {
    let state = 7;
    return () => (state = state * 16_807 % 2_147_483_647) / 2_147_483_647;
  })();
  let [above, total] = [0, 0];
  for (const count of [8, 20, 60]) {
    for (let round = 0; round < 60; round++) {
      const metric = Array.from({ length: count }, random);
      const numbers = influenceOf(zip(metric.map(random), metric), true);
      const words = influenceOf(
        zip(metric.map(() => "abc"[Math.floor(random() * 3)]), metric),
        false,
      );
      for (const found of [numbers, words]) {
        if (found === undefined) continue;
        total++;
        if (found.strength > found.chance) above++;
      }
      const noisy = influenceOf(zip(metric.map((y) => y + random() / 5), metric), true)!;
      assert(
        count < 20 || noisy.strength > noisy.chance,
        `${count}: ${noisy.strength} ${noisy.chance}`,
      );
    }
  }
  assert(above / total < 0.04, `${above} of ${total}`);
  const few = influenceOf(zip([1, 2, 3], [4, 5, 6]), true)!; // each third shuffle is as strong
  assertEquals([few.strength, few.chance], [1, 1]);
  assertEquals(few, influenceOf(zip([1, 2, 3], [4, 5, 6]), true));
});

Deno.test("a key whose best values are in the middle or at both ends is strong", () => {
  const rate = Array.from({ length: 41 }, (_, i) => i);
  const of = (metric: (rate: number) => number) => influenceOf(zip(rate, rate.map(metric)), true)!;
  const peak = of((x) => 1 - (x - 22) ** 2 / 900);
  assert(Math.abs(peak.value) < 0.5 && peak.strength > 0.9, `${peak.strength}`);
  assertEquals([peak.best, of((x) => (x - 20) ** 2).best], ["in the middle", "at both ends"]);
  assertEquals(of((x) => Math.log(x + 1)).best, undefined);
  const random = of((x) => x * 17 % 41);
  assert(random.strength < 0.3, `${random.strength}`);
});
