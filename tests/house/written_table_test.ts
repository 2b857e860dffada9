import { assertEquals, assertThrows } from "@std/assert";
import { withTable } from "./written_table.ts";

Deno.test("the table of measures is replaced, and the text around it stays", () => {
  const before = "Before.\n\n| measure | now |\n| ------- | --- |\n| old     | 1   |\n\nAfter.\n";
  const measured = [{ name: "product lines", goal: 900 }, { name: "rings", goal: 0 }];
  const after = `Before.

| measure       | limit | goal |
| ------------- | ----: | ---: |
| product lines | 1,234 |  900 |
| rings         |     2 |    0 |

After.
`;
  const written = withTable(before, measured, { "product lines": 1234, rings: 2 });
  assertEquals(written, after);
  assertEquals(withTable(written, measured, { "product lines": 1234, rings: 2 }), after);
  assertThrows(() => withTable("No table.", measured, {}));
});
