import { assertEquals } from "@std/assert";
import {
  hasHidden,
  printable,
  printableJson,
  withoutHidden,
} from "../../../core/naming/printable.ts";

Deno.test("a name with a character that is not seen does not look like another one", () => {
  for (
    const [text, shown] of [
      ["production\u200b", "production\\u200b"],
      ["production\u200c", "production\\u200c"],
      ["\u200dproduction", "\\u200dproduction"],
      ["pro\u00adduction", "pro\\xadduction"],
      ["pro\u2060duction\ufeff", "pro\\u2060duction\\ufeff"],
      ["\u3164", "\\u3164"],
      ["a\u200c\u200db", "a\\u200c\\u200db"],
      ["é\u200b", "é\\u200b"],
      ["é\u200c", "é\\u200c"],
    ] as const
  ) {
    assertEquals([hasHidden(text), printable(text)], [true, shown]);
    assertEquals(JSON.parse(printableJson(text)), text);
    assertEquals(hasHidden(printableJson(text)) || hasHidden(withoutHidden(text)), false);
  }
});

Deno.test("characters that shape others stay", () => {
  for (
    const text of ["می\u200cخواهم", "👩\u200d👩\u200d👧", "क\u094d\u200dष", "❤\ufe0f", "e\u0301"]
  ) {
    assertEquals([hasHidden(text), printable(text)], [false, text]);
  }
});
