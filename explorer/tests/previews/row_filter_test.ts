// Filters of rows compare columns, and report unknown ones.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import type { Cell } from "../../../formats/tables/table.ts";
import { isEmpty, isMissing } from "../../src/previews/tables/cells.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { findRows } from "../../src/previews/tables/table_rows.ts";
import { conditionsOf, parseFilter, withColumn } from "../../src/previews/tables/row_filter.ts";
import { pyarrowBytes } from "../../../tests/formats/parquet/files.ts";
import { fakeFile } from "../support/fake_file.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test("conditions name columns, quoted if they have spaces", () => {
  const parts = (filter: string) =>
    conditionsOf(filter).map(({ name, sign, value }) => [name, sign, value]);
  assertEquals(parts('score > 0.5 well "my score"!="a b"'), [
    ["score", ">", "0.5"],
    ["my score", "!=", "a b"],
  ]);
  assertEquals(withColumn("scor>0.5 well", "scor", "my score"), '"my score">0.5 well');
  assertEquals(withColumn('"my scor">1 scor>2', "my scor", "score"), "score>1 scor>2");
  const columns = [{ name: "my score" }, { name: "word" }];
  const matching = (filter: string) =>
    [["1", "well"], ["2", "well done"], ["3", "ill"]].filter((row) =>
      parseFilter(filter, columns, isEmpty).matches(row)
    ).map(([score]) => score);
  assertEquals(matching('"my score">=2 well'), ["2"]);
  assertEquals(matching('word="well done"'), ["2"]);
  assertEquals(matching("scor>1"), []); // it is text
  const within = parseFilter("sword=well word=well", columns, isEmpty);
  assertEquals([["sword=well", "well"], ["1", "well"]].map(within.matches), [true, false]);
});

Deno.test("cells are found by what they read, and percentages by value", () => {
  const cells: Cell[] = [1, null, NaN, Infinity, "", "9%", "50 %", "100%", 0.5, "nan", "well"];
  const table: [condition: string, found: Cell[]][] = [
    ["n=NaN", [NaN]],
    ["n=nan", [NaN, "nan"]],
    ["n>NaN", []],
    ["n=null", [null]],
    ['n=""', [""]],
    ["n=inf", [Infinity]],
    ["n>=1", [1, Infinity, "100%"]],
    ["n=50%", ["50 %", 0.5]],
    ["n>9.5%", [1, Infinity, "50 %", "100%", 0.5]],
    ["n<50%", ["9%"]],
  ];
  for (const [condition, found] of table) {
    const { matches } = parseFilter(condition, [{ name: "n" }], isEmpty);
    const numbers = cells.filter((cell) => matches([cell]));
    const isWord = (cell: Cell) => cell === "nan" || cell === "well";
    const isOrder = /[<>]/.test(condition); // words are in the order of text
    assertEquals(numbers.filter((cell) => !isOrder || !isWord(cell)), found, condition);
    if (isOrder) continue;
    const other = parseFilter(condition.replace("=", "!="), [{ name: "n" }], isEmpty);
    assertEquals(cells.filter((cell) => !other.matches([cell])), found, condition);
  }
  // Bounds of a group of rows do not tell whether cells are missing.
  const { mayMatch } = parseFilter("n=null", [{ name: "n" }], isMissing);
  assertEquals(mayMatch(() => ["1", "9"]), true);
});

Deno.test("a filter by a column that cannot be read is refused", async () => {
  const table = await readTable(fakeFile("others.parquet", pyarrowBytes("others")));
  const other = { name: "odd", problem: "its type is unknown" };
  const source = { ...table, others: [other] };
  const find = () => findRows(source, [0], { filter: `"odd">5` });
  const error = await assertRejects(find, Error, `Cannot filter rows by "odd"`);
  assertStringIncludes(error.message, other.problem);
});

Deno.test("rows between bounds are read exactly if one of them may match", () => {
  const signs = ["=", "!=", "<", "<=", ">", ">="];
  const filterOf = (condition: string) => parseFilter(condition, [{ name: "n" }], isEmpty);
  for (const value of [1, 2, 3, 4, 5]) {
    const read = signs.filter((sign) => filterOf(`n${sign}${value}`).mayMatch(() => [2, 4]));
    const matching = signs.filter((sign) =>
      ["2", "3", "4"].some((cell) => filterOf(`n${sign}${value}`).matches([cell]))
    );
    assertEquals(read, matching, `${value}`);
  }
  assertEquals(filterOf("n=9").mayMatch(() => undefined), true); // no bounds are stored
});

Deno.test({
  name: "an unknown column of a filter is reported, with a button for the nearest one" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const names = ["well", "score", ...Array.from({ length: 40 }, (_, i) => `c${i}`)];
    const line = (i: number) => names.map((_, at) => at === 0 ? `A${i}` : i * at).join();
    const lines = [names.join(), ...Array.from({ length: 9 }, (_, i) => line(i))];
    await registry.save("table", new Blob([lines.join("\n")], { type: "text/csv" }));
    for (const accuracy of [0.1, 0.2]) {
      await registry.save("runs", accuracy, { metadata: { metrics: { accuracy } } });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/table/1.0.0?path=content`);
    await page.getByLabel("Filter rows").fill("scor>3");
    await page.getByText("No column is named scor: scor>3 is searched as text.").waitFor();
    await page.getByText("Columns: well, score, c0").waitFor();
    await page.getByText("No rows to show.").waitFor();
    // The heading of the column is a button "score", too.
    await page.getByRole("button", { name: "score", exact: true }).first().press("Enter");
    await page.getByText("5 of 9 rows").waitFor();
    assertEquals(await page.getByLabel("Filter rows").inputValue(), "score>3");
    await page.getByLabel("Filter rows").fill("c39>=41 c39<=82"); // a column that is not shown
    await page.getByText("2 of 9 rows").waitFor();

    await page.goto(`${url}#/artifacts/runs?filter=acuracy%3E0.1&sort=-metadata.loss`);
    await page.getByText("No version has the key acuracy.").waitFor();
    await page.getByText("This address names metadata.loss: no version has this key.").waitFor();
    await page.getByRole("button", { name: "accuracy", exact: true }).first().press("Enter");
    await page.getByText("1 of 2 versions", { exact: true }).waitFor();
    assertEquals(await page.getByLabel("Filter versions").inputValue(), "accuracy>0.1");
    await page.goto(`${url}#/artifacts/runs?tab=alias`);
    await page.getByText("This page has no tab alias.").waitFor();
    await page.getByRole("button", { name: "aliases", exact: true }).press("Enter");
    await page.getByText("This name has no aliases").waitFor();
    await page.goto(`${url}#/artifacts/runs?tab=card`);
    await page.getByText("This name has no card").waitFor();
    assertEquals(errors, []);
  },
});
