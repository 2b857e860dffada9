import { assertEquals } from "@std/assert";
import { diffValues } from "../../registry/operations/look/value_changes.ts";

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
