import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseValues, valuesOf } from "../../../../operators/runner/metrics/json_values.ts";

/** Returns the values of a text without offsets, or why there are none. */
function valuesIn(text: string): unknown {
  try {
    return parseValues(text, (state) => new Error(state)).map(({ path, value }) => [path, value]);
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("values of JSON are those that JSON.parse finds, and other text is refused", () => {
  const text = fc.tuple(fc.jsonValue({ maxDepth: 4 }), fc.nat(2), fc.nat(), fc.nat(2)).map(
    ([value, indent, at, cut]) => {
      const json = JSON.stringify(value, undefined, indent);
      const from = at % (json.length + 1);
      return json.slice(0, from) + json.slice(from + cut);
    },
  );
  fc.assert(fc.property(text, (text) => {
    const found = valuesIn(text);
    if (/duplicate|rounded/.test(`${found}`)) return;
    let expected: unknown = "not JSON";
    try {
      const lists = (value: unknown) => Array.isArray(value) ? [] : value;
      expected = valuesOf(JSON.parse(text)).map(({ path, value }) => [path, lists(value)]);
    } catch {
      // not JSON
    }
    // Object.entries() of numeric names comes in another order.
    const sorted = (values: unknown) => Array.isArray(values) ? values.map(String).sort() : values;
    assertEquals(sorted(found), sorted(expected));
  }));
});
