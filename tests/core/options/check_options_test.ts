import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { checkOptions } from "../../../core/options/check_options.ts";

const KNOWN = { version: true, verify: true, signal: true } as const;

function refusal(options: unknown): RegistryError {
  return assertThrows(() => checkOptions('load "a"', options, KNOWN), RegistryError);
}

Deno.test("options that are known, undefined or not there are taken", () => {
  for (
    const options of [undefined, {}, { version: "1" }, { verify: "full", signal: undefined }, {
      other: undefined,
    }]
  ) {
    checkOptions('load "a"', options, KNOWN);
  }
});

Deno.test("an option that is not known is Invalid, and the nearest one is named", () => {
  const { code, message, hint } = refusal({ versoin: "1" });
  assertEquals([code, message], [
    "Invalid",
    'Cannot load "a": there is no option versoin: did you mean version?',
  ]);
  assertEquals(hint, "Options are version, verify, signal.");
  assertEquals(refusal({ depth: 1 }).message, 'Cannot load "a": there is no option depth');
});

Deno.test("names that every object has are no options", () => {
  assertEquals(
    refusal({ constructor: 1 }).message,
    'Cannot load "a": there is no option constructor',
  );
  assertEquals(
    refusal(JSON.parse('{"__proto__": 1}')).message,
    'Cannot load "a": there is no option __proto__',
  );
});

Deno.test("what is no object is no options", () => {
  assertEquals(
    refusal("1.0.0").message,
    'Cannot load "a": its options are a string, not an object',
  );
  assertEquals(refusal(null).message, 'Cannot load "a": its options are null, not an object');
  assertEquals(
    refusal(["1.0.0"]).message,
    'Cannot load "a": its options are a list, not an object',
  );
});
