// Choices over the columns of versions, groups, and which parameters matter, in Chromium.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";

/** Saves runs of a made-up search, whose score depends on the rate, and a little on the optimizer. */
async function saveSearch(registry: Registry, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    const rate = i * 7 % 101 / 1000;
    const optimizer = ["adam", "sgd", "rmsprop"][i % 3];
    const energy = Math.round(1e4 * (rate + (optimizer === "sgd" ? 0.01 : 0))) / 1e4;
    const metadata = { energy, rate, optimizer, layers: i % 4 + 1, seed: i * 37 % 11 };
    await registry.save("team:model", { i }, { metadata });
  }
}

Deno.test({
  name: "columns are pinned and get a direction, by the keyboard and in the address" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveSearch(registry, 12);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Amodel`);
    const menu = page.locator("summary").filter({ hasText: "Columns" });
    await menu.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Best of energy: none" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Best of energy: high" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Best of energy: low" }).waitFor();
    await page.getByRole("button", { name: "Pin optimizer" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "energy" }).focus();
    await page.keyboard.press("Enter"); // the best come first
    await page.getByRole("columnheader", { name: "energy ↑" }).waitFor();
    await page.reload();
    const first = page.locator("tbody tr").first();
    assertEquals(await first.locator(".best").innerText(), "0.014 ★");
    const titles = await page.getByRole("columnheader").allInnerTexts();
    assertEquals(titles.slice(1, 4), ["Version", "optimizer", "energy ↑"]);
    await page.setViewportSize({ width: 720, height: 800 });
    const leftOf = async (name: string) =>
      (await page.getByRole("columnheader", { name }).boundingBox())!.x;
    const before = await leftOf("optimizer");
    await page.locator(".table-wrap").first().evaluate((box) => {
      box.style.inlineSize = "300px";
      box.scrollTo(1000, 0);
    });
    await page.waitForFunction(() => document.querySelector(".table-wrap")!.scrollLeft > 50);
    const version = (await page.getByRole("columnheader", { name: "Version" }).boundingBox())!;
    assert(Math.abs(await leftOf("optimizer") - version.x - version.width) < 1);
    assert(before >= await leftOf("optimizer"));
    assertEquals(errors, []);
  },
});
