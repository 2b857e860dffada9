import { assertEquals } from "@std/assert";
import { findDelimiter } from "../../../formats/csv/find_delimiter.ts";

Deno.test("the separator of CSV is the one that rows have alike, outside quotes", () => {
  const cases: [text: string, delimiter: string][] = [
    ["a,b\n1,2\n", ","],
    ["a;b\n1,5;2,5\n2,5;3,5\n", ";"],
    ["a\tb\n1,5\t2\n", "\t"],
    ["a|b|c\r\n1;2|3|4\r\n", "|"],
    ['id,"a;b;c;d"\n1,"x;y"\n2,z\n', ","],
    ['"name, given";note\n"Lee, Ann";"a;b;c"\n"Ray, Bob";d\n', ";"],
    ["time;a, b;c\n1;2;3\n4;5;6\n", ";"],
    ["a;b", ";"],
    ["only one column\nx\n", ","],
    ["a\n1;2\n", ","],
    ["", ","],
    ["sep=;\na,b,c\n1,2,3\n", ","], // the rows decide about a line that readers skip
    [`a;b\n${"1;2\n".repeat(30_000)}`, ";"],
  ];
  for (const [text, delimiter] of cases) assertEquals(findDelimiter(text), delimiter, text);
});
