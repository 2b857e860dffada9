import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { isPlain, MAX_DEPTH, plainProblem } from "../../../core/text/plain_value.ts";

Deno.test("JSON preserves plain values; others have a problem with its path", () => {
  const kinds = { withBigInt: true, withDate: true, withMap: true, withNullPrototype: true };
  const anything = fc.anything({ ...kinds, withSparseArray: true, withTypedArray: true });
  fc.assert(fc.property(anything, (value) => {
    assertEquals(plainProblem(value) === undefined, isPlain(value));
    if (isPlain(value)) assertEquals(JSON.parse(JSON.stringify(value)), value);
  }));
  const problem = plainProblem({ a: [{ when: new Date(0) }] });
  assertEquals(problem, "its .a[0].when is a value of class Date");
  assertEquals([isPlain({ a: [{ $b: 1 }] }, "$b"), isPlain({ a: "$b" }, "$b")], [false, true]);
});

Deno.test("too deeply nested values are not plain", () => {
  for (const levels of [MAX_DEPTH, MAX_DEPTH + 1, 3 * MAX_DEPTH]) {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = [value];
    assertEquals(isPlain(value), levels <= MAX_DEPTH);
  }
});
