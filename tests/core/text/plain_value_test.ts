import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { isPlain, MAX_DEPTH, plainProblem } from "../../../core/text/plain_value.ts";

Deno.test("what is plain comes back from JSON as it was, and what is not has a problem, with its place", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(fc.property(anything, (value) => {
    assertEquals(plainProblem(value) === undefined, isPlain(value));
    if (isPlain(value)) assertEquals(JSON.parse(JSON.stringify(value)), value);
  }));
  assertEquals(
    plainProblem({ a: [{ when: new Date(0) }] }),
    "its .a[0].when is a value of class Date",
  );
  assertEquals([isPlain({ a: [{ $b: 1 }] }, "$b"), isPlain({ a: "$b" }, "$b")], [false, true]);
});

Deno.test("what is nested too deeply is not plain", () => {
  for (const levels of [MAX_DEPTH, MAX_DEPTH + 1, 3 * MAX_DEPTH]) {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = [value];
    assertEquals(isPlain(value), levels <= MAX_DEPTH);
  }
});
