// Runs of a pipeline as rows: from a run to the table of results, and back to a run.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { barriersOf } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";
import { fillRuns } from "../../support/demo_work.ts";

Deno.test({
  name: "runs of a pipeline are compared by parameters and metrics, by keyboard" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using _runs = await fillRuns(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    for (const from of ["#/runs?pipeline=segmentation", "#/runs/segmentation%401"]) {
      await page.goto(`${url}${from}`);
      await page.getByRole("link", { name: "Compare runs" }).press("Enter");
      await page.getByRole("heading", { name: "result", exact: true }).waitFor();
      const table = page.getByRole("region", { name: "Versions" });
      const heads = table.locator("thead tr:last-child th");
      await heads.filter({ hasText: "State" }).waitFor();
      const titles = await heads.allInnerTexts();
      assertEquals(titles.filter((title) => /^(pipeline|code|effect)/.test(title)), []);
      await table.getByRole("columnheader", { name: "Metrics · train · val" }).waitFor();
      assertEquals(await barriersOf(page), []);
      await table.getByRole("link", { name: "segmentation@1", exact: true }).press("Enter");
      await page.getByRole("heading", { name: "segmentation@1" }).waitFor();
    }
    assertEquals(errors, []);
  },
});
