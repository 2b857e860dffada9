import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { checkOptions } from "../../../core/options/check_options.ts";

const KNOWN = { version: true, verify: true, signal: true } as const;

function refusal(options: unknown): RegistryError {
  return assertThrows(() => checkOptions('load "a"', options, KNOWN), RegistryError);
}

Deno.test("known, undefined and missing options are accepted", () => {
  const given = [undefined, {}, { version: "1" }, { verify: "full", signal: undefined }];
  for (const options of [...given, { other: undefined }]) checkOptions('load "a"', options, KNOWN);
});

Deno.test("an unknown option is Invalid, and the nearest one is suggested", () => {
  const { code, message, hint } = refusal({ versoin: "1" });
  assertEquals(code, "Invalid");
  assertEquals(message, 'Cannot load "a": unknown option versoin: did you mean version?');
  assertMatch(hint!, /version, verify, signal/);
  assertEquals(refusal({ depth: 1 }).message, 'Cannot load "a": unknown option depth');
  for (
    const [name, options] of [["constructor", { constructor: 1 }], [
      "__proto__",
      JSON.parse('{"__proto__": 1}'),
    ]]
  ) {
    assertEquals(refusal(options).message, `Cannot load "a": unknown option ${name}`);
  }
});

Deno.test("options must be an object", () => {
  for (const options of ["1.0.0", null, ["1.0.0"]]) {
    assertMatch(refusal(options).message, /options must be an object/);
  }
});
