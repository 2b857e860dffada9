import { assert, assertEquals } from "@std/assert";
import { createTable, displayWidth, printable } from "../../../../apps/cli/terminal/table.ts";

const COLUMNS = [{ title: "NAME", shrinks: true }, { title: "SIZE", align: "right" as const }];

Deno.test("a table aligns its columns, numbers to the right, without blanks at the end of lines", () => {
  const lines = createTable([...COLUMNS, { title: "X" }]).page([["a", "10 B", ""], [
    "longer",
    "1.5 KiB",
    "y",
  ]]);
  assertEquals(lines, ["NAME       SIZE  X", "a          10 B", "longer  1.5 KiB  y"]);
});

Deno.test("a table fits a narrow terminal by cutting the middle of what may shrink", () => {
  const [heading, line] = createTable(COLUMNS, { columns: 20 }).page([[
    "team/models/2026/production",
    "1.5 KiB",
  ]]);
  assertEquals(line, "team/…ction  1.5 KiB");
  assert(heading.length <= 20 && line.endsWith("1.5 KiB"));
});

Deno.test("a table on a narrow terminal omits columns before it cuts any, and names them", () => {
  const columns = [
    { title: "NAME", shrinks: true },
    { title: "SIZE", align: "right" as const },
    { title: "KIND", drops: 2 },
    { title: "SAVED", drops: 1 },
  ];
  const row = ["my:model", "1.5 KiB", "folder", "2026-03-01 14:05"];
  const at = (width: number) => {
    const table = createTable(columns, { columns: width });
    return [table.page([row])[1], ...table.dropped];
  };
  assertEquals(at(43), ["my:model  1.5 KiB  folder  2026-03-01 14:05"]);
  assertEquals(at(42), ["my:model  1.5 KiB  2026-03-01 14:05", "KIND"]);
  assertEquals(at(34), ["my:model  1.5 KiB", "KIND", "SAVED"]);
});

Deno.test("a cell cannot steer the terminal", () => {
  assertEquals(printable("a\x1b[31mb\nc\u009b"), "a\\x1b[31mb\\x0ac\\x9b");
  assertEquals(createTable([{ title: "A" }]).page([["x\ry"]])[1], "x\\x0dy");
});

Deno.test("wide characters take two columns, marks none", () => {
  assertEquals(displayWidth("abc"), 3);
  assertEquals(displayWidth("数据"), 4);
  assertEquals(displayWidth("e\u0301"), 1);
  assertEquals(displayWidth("🚀x"), 3);
});

Deno.test("without a terminal nothing is cut, and later pages keep widths and have no heading", () => {
  const name = "x".repeat(300);
  const table = createTable(COLUMNS);
  assert(table.page([[name, "1 B"]])[1].startsWith(name));
  assertEquals(table.page([["a", "2 B"]]), [`${"a".padEnd(300)}   2 B`]);
});
