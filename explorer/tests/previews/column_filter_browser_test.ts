// Filters of columns in Chromium, by keyboard, and rows that are copied as CSV.
import { assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { localPath, openRegistry } from "../../../mod.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { barriersInThemes } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { writeFiles } from "../support/samples.ts";

const encoder = new TextEncoder();

async function openFiles(files: Record<string, string>) {
  const registry = await openRegistry("memory:");
  await using root = await tempRoot();
  const bytes = Object.entries(files).map(([path, text]) => [path, encoder.encode(text)] as const);
  await writeFiles(root.path, new Map(bytes));
  await registry.save("demo:tables", localPath(root.path));
  const explorer = await openExplorer(registry);
  await explorer.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  return {
    ...explorer,
    show: (path: string, more = "") =>
      explorer.page.goto(`${explorer.url}#/artifacts/demo%3Atables/1.0.0?path=${path}${more}`),
    async [Symbol.asyncDispose]() {
      await explorer[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
const filterOf = (page: Page, name: string) =>
  page.getByLabel(`Filter of ${name}`, { exact: true });

Deno.test({
  name: "a column is filtered by keyboard, and the address has its filter" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    const rows = [
      'A1,"say ""hi"", you",0.10',
      "A2,,1e3",
      "B1,well,",
      "B2,Well done,12345678901234567890",
    ];
    await using explorer = await openFiles({ "a.csv": `well id,word,score\n${rows.join("\n")}\n` });
    const { page, errors, show } = explorer;
    await show("a.csv");
    await page.getByText("Column statistics over all 4 rows").waitFor();
    await page.getByRole("button", { name: "Filter word" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.matches("select"));
    await page.keyboard.press("Tab");
    await page.keyboard.type("WELL");
    await page.getByText("2 of 4 rows").waitFor();
    assertEquals(await page.getByLabel("Filter rows").inputValue(), "word~WELL");
    await page.keyboard.type(" x"); // no row has it, and the field stays
    await page.getByText("No rows to show.").waitFor();
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await page.getByText("2 of 4 rows").waitFor();
    await page.getByRole("button", { name: "Copy as CSV (2 rows)" }).press("Enter");
    await page.getByText("2 rows copied").waitFor();
    assertEquals(
      await copied(page),
      "well id,word,score\nB1,well,\nB2,Well done,12345678901234567890\n",
    );

    await page.getByLabel("How to filter word").selectOption("is empty");
    await page.getByText("1 of 4 rows").waitFor();
    await page.getByRole("button", { name: "Filter well id" }).press("Enter");
    await page.getByLabel("How to filter well id").selectOption("is");
    await filterOf(page, "well id").fill("A2");
    await page.getByText("1 of 4 rows").waitFor();
    assertEquals(await page.getByLabel("Filter rows").inputValue(), 'word= "well id"=A2');
    await page.reload();
    await page.getByText("1 of 4 rows").waitFor();
    assertEquals(await filterOf(page, "well id").inputValue(), "A2");
    assertEquals(await page.getByLabel("How to filter word").inputValue(), "is empty");
    assertEquals(await barriersInThemes(page), []);

    await page.getByRole("button", { name: "Remove filter of word" }).press("Enter");
    await page.getByRole("button", { name: "Remove filter of well id" }).press("Enter");
    await page.getByRole("button", { name: "Copy as CSV (4 rows)" }).press("Enter");
    await page.getByText("4 rows copied").waitFor();
    assertEquals(await copied(page), `well id,word,score\n${rows.join("\n")}\n`);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "copies of large tables have all rows that are kept, and tell what they lack" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    const long = "x".repeat(300);
    const rows = Array.from({ length: 150_000 }, (_, i) => `${i},${i === 7 ? long : "well"}`);
    await using explorer = await openFiles({ "a.csv": `n,word\n${rows.join("\n")}\n` });
    const { page, errors, show } = explorer;
    await show("a.csv", "&filter=n%3C30000");
    await page.getByText("30,000 of 150,000 rows; the first 20,000 are shown").waitFor();
    await page.getByRole("button", { name: "Copy as CSV (20,000 rows)" }).press("Enter");
    await page.getByText("20,000 rows copied; the first of 30,000; 1 text cut to 200 characters")
      .waitFor();
    const lines = (await copied(page)).split("\n");
    assertEquals([lines.length, lines[20_000]], [20_002, "19999,well"]);
    await page.getByRole("button", { name: "Filter n", exact: true }).press("Enter");
    await page.getByLabel("How to filter n").selectOption("is");
    await filterOf(page, "n").fill("7"); // read at Enter, and the heading stays
    await page.keyboard.press("Enter");
    await page.getByText("1 of 150,000 rows").waitFor();
    await page.waitForFunction(() => document.activeElement?.matches("th input"));
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "copies have the columns that are not shown, and say which texts are formulas" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    const names = Array.from({ length: 200 }, (_, i) => `c${i}`).join(",");
    const row = Array.from({ length: 200 }, (_, i) => i === 3 ? "=1+1" : i).join(",");
    const other = row.replace(/^0/, "7");
    await using explorer = await openFiles({ "a.csv": `${names}\n${row}\n${other}\n` });
    const { page, errors, show } = explorer;
    await show("a.csv", "&column=60");
    await page.getByRole("button", { name: "Copy as CSV (2 rows)" }).press("Enter");
    await page.getByText("2 rows copied; 2 texts begin like a formula: paste as text").waitFor();
    assertEquals(await copied(page), `${names}\n${row}\n${other}\n`);

    await show("a.csv", "&column=60&filter=c0%3E1&sort=62"); // by columns that differ from the shown
    await page.getByText("1 of 2 rows").waitFor();
    await page.getByRole("button", { name: "Copy as CSV (1 row)" }).press("Enter");
    await page.getByText("1 row copied").waitFor();
    assertEquals(await copied(page), `${names}\n${other}\n`);
    await page.getByRole("cell", { name: "89", exact: true }).waitFor(); // the page shows its own
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "tables of versions and comparisons are copied with exact values" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const [loss, note] of [[0.1 + 0.2, "a, b"], [1 / 3, "c"]] as const) {
      await registry.save("team:net", loss, { metadata: { metrics: { loss }, params: { note } } });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(`${url}#/artifacts/team%3Anet?sort=metadata.metrics.loss`);
    await page.getByRole("button", { name: "Copy as CSV (2 rows)" }).press("Enter");
    await page.getByText("2 rows copied").waitFor();
    const table = (await copied(page)).split("\n").map((line) =>
      line.split(",").slice(0, 3).join()
    );
    assertEquals(table, [
      "Version,loss,note",
      '1.0.0,0.30000000000000004,"a',
      "2.0.0,0.3333333333333333,c",
      "",
    ]);
    await page.goto(`${url}#/compare?refs=team%3Anet%401.0.0+team%3Anet%402.0.0`);
    const facts = page.locator("main", { has: page.getByRole("region", { name: "Facts" }) });
    await facts.getByRole("button", { name: /^Copy as CSV/ }).first().press("Enter");
    await page.getByText(/^\d+ rows copied$/).waitFor();
    const lines = (await copied(page)).split("\n");
    assertEquals(lines.slice(0, 3), [
      "Fact,1.0.0,2.0.0",
      "metrics.loss,0.30000000000000004,0.3333333333333333",
      'params.note,"a, b",c',
    ]);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a copy of a filter has all rows of a wide table, as they are in the file" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    const others = Array.from({ length: 196 }, (_, i) => `d${i}`);
    const rows = Array.from(
      { length: 9_000 },
      (_, row) =>
        `${row},"say ""hi"", ${row}","two\nlines",=1+${row},${others.map((_, i) => i).join(",")}`,
    );
    const text = `${["n", "quotes", "lines", "formula", ...others].join(",")}\n${
      rows.join("\n")
    }\n`;
    await using explorer = await openFiles({ "a.csv": text });
    const { page, errors, show } = explorer;
    await show("a.csv", "&sort=0");
    const copy = page.getByRole("button", { name: "Copy as CSV (9,000 rows)" });
    await copy.press("Enter");
    await page.getByText("9,000 rows copied; 9,000 texts begin like a formula").waitFor();
    assertEquals(await copied(page) === text, true); // a difference would fill the screen
    assertEquals(errors, []);
  },
});
