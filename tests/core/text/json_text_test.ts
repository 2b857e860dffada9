import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseJson, quoteNotFinite } from "../../../core/text/json_text.ts";

Deno.test("escaped names are parsed correctly after any other name", () => {
  const names = ["\\", '"', "\n", "a\\", 'a"', "/", "\u0007", "b"];
  for (const before of names) {
    for (const name of names) {
      const shape = `of ${names.indexOf(before)} and ${names.indexOf(name)}`;
      const [first, second] = [{ [shape]: 1, [before]: [] }, { [shape]: 1, [name]: {} }];
      assertEquals(parseJson(JSON.stringify(first)), first);
      assertEquals(parseJson(JSON.stringify(second)), second);
    }
  }
  const nested = ' { "\\u0061" : [ { } , [ ] , "\\":{[" ] , "b" : null } ';
  assertEquals(parseJson(nested), { a: [{}, [], '":{['], b: null });
});

Deno.test("parseJson() agrees with JSON.parse()", () => {
  const names = fc.constantFrom("\\", '"', "\n", "a", "__proto__", "7", "", ":", "{");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, 1.5, "\\", '"', "{}"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(value, fc.nat(2), (value, indent) => {
    assertEquals(parseJson(JSON.stringify(value, undefined, indent)), value);
  }));
});

Deno.test("invalid JSON throws SyntaxError", () => {
  for (const text of ["", '{"\\":1}', '{"\\n":1', "[1}", '{"\\n",1}']) {
    assertThrows(() => parseJson(text), SyntaxError);
  }
});

Deno.test("NaN and infinities are put in quotes, but not in strings and names", () => {
  const cases = [
    ['{"a": NaN, "b": [-Infinity,Infinity]}', '{"a": "NaN", "b": ["-Infinity","Infinity"]}'],
    ['{"loss": NaN, "note": "loss: NaN"}', '{"loss": "NaN", "note": "loss: NaN"}'],
    ['{"\\"": -NaN, "NaN": "\\\\"}', '{"\\"": "NaN", "NaN": "\\\\"}'],
    ["{NaN : 1, NaNs: xInfinity}", "{NaN : 1, NaNs: xInfinity}"],
    ['NaN "NaN', '"NaN" "NaN'],
  ];
  for (const [text, quoted] of cases) assertEquals(quoteNotFinite(text!), quoted);
  const words = fc.array(fc.constantFrom("NaN", "-Infinity", '"', "\\", ": ", ",", "a"));
  fc.assert(fc.property(words, (words) => {
    const json = JSON.stringify({ [words.join("")]: words.join("") });
    assertEquals(quoteNotFinite(json), json);
  }));
});
