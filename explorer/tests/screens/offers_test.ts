// Empty views of comparison and lineage offer versions to begin with.
import { assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { openRegistry } from "../../../mod.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test({
  name: "an empty comparison offers production against the version before" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const loss of [3, 2, 1]) await registry.save("net", loss, { metadata: { loss } });
    await registry.save("single", 1);
    const offersOf = (page: Page) =>
      page.getByRole("region", { name: "Compare with the version before" });
    {
      await using explorer = await openExplorer(registry);
      await explorer.page.goto(`${explorer.url}#/compare`);
      const offers = offersOf(explorer.page);
      await offers.getByText("the newest (3.0.0), before it 2.0.0").waitFor();
      assertEquals(await offers.getByRole("link").allInnerTexts(), ["net"]);
    }
    for (const version of ["1", "3"]) await registry.setAlias("net", "production", version);
    await registry.setAlias("single", "production", "1");
    for (const value of [1, 2]) await registry.save("first", value);
    await registry.setAlias("first", "production", "2"); // no version had it before
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const offers = offersOf(page);
    await page.goto(`${url}#/lineage`);
    const starts = page.getByRole("region", { name: "Show the lineage of" });
    await starts.getByRole("link", { name: "single" }).click();
    await page.getByRole("heading", { name: "Lineage of single@1.0.0" }).waitFor();
    await page.goto(`${url}#/compare`);
    await offers.getByText("production (3.0.0), before it 1.0.0").waitFor();
    await offers.getByText("production (2.0.0), before it 1.0.0").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assertEquals(await barriersOf(page), []);
    }
    await offers.getByRole("link", { name: "net" }).click();
    await page.getByText("Differences only").waitFor();
    assertEquals(page.url(), `${url}#/compare?refs=net%401.0.0+net%403.0.0`);
    assertEquals(errors, []);
  },
});
