// Strings of any code points.
import fc from "fast-check";

/**
 * Any code point but a surrogate, for `fc.string({ unit: CODE_POINT })`. For the same strings, `unit: "binary"` of
 * fast-check first builds a table of all code points, which takes more than a second of processor time.
 */
export const CODE_POINT: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
).map(
  (point) => String.fromCodePoint(point),
  (text) => {
    if (typeof text !== "string" || !/^\P{Surrogate}$/u.test(text)) {
      throw new Error("no code point");
    }
    return text.codePointAt(0)!;
  },
);
