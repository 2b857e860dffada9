import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { exactNumber } from "../../../core/text/exact_number.ts";

Deno.test("decimals are read as the nearest number", () => {
  const numbers = [["0", 0], ["-0", -0], ["+1.50", 1.5], [".5", 0.5], ["1.", 1], [
    "007",
    7,
  ]] as const;
  for (const [text, number] of numbers) assertEquals(exactNumber(text), number);
  assertEquals(exactNumber("0.10000000000000001"), 0.1); // as `%.17g` writes it
  assertEquals(exactNumber("9007199254740992"), 2 ** 53);
  assertEquals(exactNumber("0000000000000000000000000000000000001"), 1);
  assertEquals(exactNumber("0e999"), 0);
});

Deno.test("decimals that would lose digits are inexact", () => {
  const inexact = ["9007199254740993", "1e309", "-1e999", "1e-400"];
  for (const text of [...inexact, "0.123456789012345678", "123456789012345678.5"]) {
    assertEquals(exactNumber(text), "inexact", text);
  }
});

Deno.test("other text is not a number", () => {
  const other = "| 1|1 |NaN|Infinity|0x10|1_000|1,5|.|-|1e|e5|--1|١".split("|");
  for (const text of other) assertEquals(exactNumber(text), undefined, text);
});

Deno.test("numbers as JavaScript and C write them are read back", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    assertEquals(exactNumber(Object.is(number, -0) ? "-0" : String(number)), number);
    assertEquals(exactNumber(number.toExponential(16)), number);
  }));
});

Deno.test("a long number takes time by its length, not by its square", () => {
  const text = `1.${"0".repeat(1_000_000)}1`; // minutes by the square
  assertEquals(exactNumber(text), "inexact");
});
