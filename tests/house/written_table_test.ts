import { assertEquals, assertThrows } from "@std/assert";
import { withTable } from "./written_table.ts";

Deno.test("the table of measures is replaced, and the text around it stays", () => {
  const before = "Before.\n\n| measure | now |\n| ------- | --- |\n| old     | 1   |\n\nAfter.\n";
  const measured = [{ name: "longest file", goal: 900 }, { name: "rings", goal: 0 }];
  const after = `Before.

| measure      | limit | goal |
| ------------ | ----: | ---: |
| longest file | 1,234 |  900 |
| rings        |     0 |    0 |

After.
`;
  const written = withTable(before, measured, { "longest file": 1234 });
  assertEquals(written, after);
  assertEquals(withTable(written, measured, { "longest file": 1234 }), after);
  assertThrows(() => withTable("No table.", measured, {}));
});
