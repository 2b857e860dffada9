import { assertEquals, assertNotEquals } from "@std/assert";
import * as fc from "fast-check";
import { createPlainCheck, MAX_DEPTH, plainProblem } from "../../../core/text/plain_value.ts";

const isPlain = createPlainCheck();

Deno.test("what is not plain has a problem, which is told with its place", () => {
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
  }));
  assertEquals(
    plainProblem({ a: [{ when: new Date(0) }] }),
    "its .a[0].when is a value of class Date",
  );
});

Deno.test("what is nested too deeply to be plain has a problem too", () => {
  for (const levels of [MAX_DEPTH, MAX_DEPTH + 1, MAX_DEPTH + 2, 3 * MAX_DEPTH]) {
    let value: unknown = 1;
    for (let level = 0; level < levels; level++) value = [value];
    if (!isPlain(value)) assertNotEquals(plainProblem(value), undefined);
    assertEquals(isPlain(value), levels <= MAX_DEPTH + 1);
  }
});
