import { assert, assertEquals } from "@std/assert";
import { diffValues } from "../../../core/text/value_changes.ts";
import { slowTest } from "../../support/seeds.ts";

/** A value nested in `depth` arrays. */
function nested(depth: number, value: unknown): unknown {
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

Deno.test("nested arrays are compared once each", () => {
  const [{ path, before, after }, ...others] = diffValues(nested(60, 1), nested(60, 2));
  assertEquals([path.length, before, after, others], [60, 1, 2, []]);
  assertEquals(diffValues([[[1], [2]], [3]], [[[1], [4]], [3]]), [{
    path: [0, 1, 0],
    before: 2,
    after: 4,
  }]);
});

Deno.test("very deep values are compared as wholes", () => {
  assertEquals(diffValues({ a: nested(2_000, 1) }, { a: nested(2_000, 1) }), []);
  assertEquals(diffValues({ a: nested(2_000, 1) }, { a: nested(2_000, 2) }).length, 1);
  assertEquals(diffValues(nested(100_000, 1), nested(100_000, 2)).length, 1);
  assertEquals(diffValues([nested(100_000, 1)], [nested(100_000, 2)]).length, 1);
});

Deno.test("the order of keys does not matter, even inside arrays", () => {
  assertEquals(diffValues([{ a: 1, b: 2 }], [{ b: 2, a: 1 }]), []);
  assertEquals(diffValues([{ a: 1 }, { b: undefined }], [{ a: 1 }, { c: undefined }]).length, 2);
});

Deno.test("items removed and added in the middle of arrays leave those between them alone", () => {
  const epochs = Array.from({ length: 200 }, (_, i) => ({ rank: i % 7, loss: 1 / (1 + i) }));
  const less = epochs.filter((_, i) => i !== 20 && i !== 150);
  less[30] = { ...less[30]!, rank: 9 };
  assertEquals(diffValues(epochs, less), [
    { path: [20], before: epochs[20] },
    { path: [30, "rank"], before: 3, after: 9 },
    { path: [150], before: epochs[150] },
  ]);
  assertEquals(diffValues([1, 2, 3, 4, 5], [0, 2, 4, 5, 6]), [
    { path: [0], before: 1, after: 0 },
    { path: [2], before: 3 },
    { path: [4], after: 6 },
  ]);
  const scores = (by: number) =>
    epochs.map(({ rank, loss }, id) => ({ id, rank, loss: loss * by }));
  const all = diffValues(scores(1), scores(2).slice(1)); // each has another loss, one is gone
  assertEquals([all.length, all.filter(({ path }) => path[1] !== "loss")], [200, [
    { path: [0], before: scores(1)[0] },
  ]]);
});

Deno.test("arrays whose items moved or repeat have few differences", () => {
  assertEquals(diffValues([1, 2, 3, 4], [4, 1, 2, 3]), [
    { path: [0], after: 4 },
    { path: [3], before: 4 },
  ]);
  assertEquals(diffValues(["a", "b", "a", "b", "c", "c"], ["b", "a", "b", "a", "c"]), [
    { path: [0], before: "a" },
    { path: [3], before: "c", after: "a" },
  ]);
});

slowTest("of long arrays without unique items, only so many are compared with each other", () => {
  const before = Array.from({ length: 20_000 }, (_, i) => ({ parity: i % 2 }));
  const after = before.map(({ parity }) => ({ parity: 1 - parity, last: true }));
  assertEquals(diffValues(before, after).length, 40_000); // by place
  const runs = (first: number) =>
    Array.from({ length: 30 }, (_, run) => [
      `run ${run}`,
      ...Array.from({ length: 300 }, (_, i) => (i + first) % 2),
    ]).flat();
  const count = diffValues(runs(0), runs(1)).length;
  assert(count > 5 * 300 && count < 15 * 300, `${count}`); // two for each run that is compared
});
