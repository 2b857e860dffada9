// Rows of a comparison by words and regular expressions.
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { parseRowFilter } from "../../src/compare/row_filter.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

const NAMES = ["metrics.loss", "metrics.val.Loss", "params.rate", "Size"];

function chosen(typed: string): string[] {
  return NAMES.filter(parseRowFilter(typed).matches);
}

Deno.test("words select the names that have all of them, ignoring case", () => {
  assertEquals(chosen("  "), NAMES);
  assertEquals(chosen("LOSS"), ["metrics.loss", "metrics.val.Loss"]);
  assertEquals(chosen("loss val"), ["metrics.val.Loss"]);
  assertEquals(chosen("["), []);
});

Deno.test("a regular expression is between slashes, of which the last may be missing", () => {
  assertEquals(chosen("/loss$/"), ["metrics.loss", "metrics.val.Loss"]);
  assertEquals(chosen("/^(params|size)"), ["params.rate", "Size"]);
  assertEquals(chosen("/\\w\\.val\\./"), ["metrics.val.Loss"]);
  assertEquals(chosen("/(?i)LOSS$/"), ["metrics.loss", "metrics.val.Loss"]);
});

Deno.test("an invalid regular expression is refused and selects all", () => {
  for (const typed of ["/(/", "/[/", "/(?=a)/", `/${"(a{99}){99}"}/`]) {
    const { matches, problem } = parseRowFilter(typed);
    assert(problem !== undefined, typed);
    assertEquals(NAMES.filter(matches), NAMES, typed);
  }
  assertEquals(parseRowFilter("/(/").problem, "a group has no )");
  for (const typed of ["/\\)+/", "/[)*]+/", "/(a|b)?/", "/(a+)+$/", `/${".*".repeat(8)}x/`]) {
    assertEquals(parseRowFilter(typed).problem, undefined, typed);
  }
});

Deno.test({
  name: "compared facts are filtered by keyboard, and the address keeps it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const n of [1, 2]) {
      const metadata = { metrics: { loss: n, val: { loss: n } }, params: { rate: 0.1, depth: n } };
      await registry.save("net", n, { metadata });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/compare?refs=net%401.0.0+net%402.0.0`);
    const names = page.getByRole("region", { name: "Facts" }).getByRole("rowheader");
    await names.getByText("params.depth").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("/^metrics.*loss$/");
    await names.getByText("params.depth").waitFor({ state: "detached" });
    assertEquals(await names.allInnerTexts(), ["metrics.loss", "metrics.val.loss"]);
    await page.getByText(/^2 of \d+ rows$/).waitFor();
    await page.reload();
    await names.getByText("metrics.val.loss").waitFor();
    assertEquals(await names.count(), 2);
    await page.getByLabel("Filter facts").fill("rate");
    await page.getByText("No fact has this name.").waitFor();
    await page.getByLabel("Differences only").uncheck();
    await names.getByText("params.rate").waitFor();
    await page.getByLabel("Filter facts").fill("/(/");
    await page.getByText("is not a filter").waitFor();
    await names.getByText("metrics.loss").waitFor();
    assertEquals(errors, []);
  },
});
