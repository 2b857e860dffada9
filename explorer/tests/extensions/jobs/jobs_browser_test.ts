import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "the page of a service without a queue has no jobs" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/jobs`);
    await page.getByText("There is no such view").waitFor();
    const links = page.getByRole("navigation", { name: "Views" }).getByRole("link");
    assertEquals(await links.allInnerTexts(), [
      ...["Names", "Compare", "Lineage", "Storage", "Runs", "Upload"],
    ]);
    assertEquals(errors, []);
  },
});
