// Curves in Chromium.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { openRegistry } from "../../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { saveTrainings } from "../support/training.ts";

const loss = (page: Page) => page.getByRole("figure", { name: /^loss by / });

/** Returns the pixels of a chart, when it is drawn. */
async function pixelsOf(page: Page): Promise<string> {
  const canvas = loss(page).locator("canvas");
  await canvas.waitFor();
  return await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}

/** Waits until a chart has other pixels than before. */
async function changed(page: Page, before: string): Promise<string> {
  await page.waitForFunction((before) => {
    const canvas = document.querySelector<HTMLCanvasElement>("figure[aria-label^=loss] canvas");
    return canvas !== null && canvas.toDataURL() !== before;
  }, before);
  return await pixelsOf(page);
}

Deno.test({
  name: "CSV, JSON Lines and Parquet are drawn, and the pointer shows every line" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTrainings(registry, { count: 3, forms: ["csv", "jsonl", "parquet"] });
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    for (const version of ["1.0.0", "2.0.0", "3.0.0"]) {
      await page.goto(`${url}#/artifacts/team%3Anet/${version}`);
      await loss(page).locator("canvas").waitFor();
      assertEquals(await loss(page).locator(".u-legend th").allInnerTexts(), ["loss", "val_loss"]);
      await loss(page).locator(".u-over").hover({ position: { x: 1, y: 40 } });
      await loss(page).locator(".tip").getByText("val_loss: 2.5").waitFor();
      assertEquals(await loss(page).locator(".tip div").allInnerTexts(), [
        "step 0",
        "loss: 2.2",
        "val_loss: 2.5",
      ]);
      await page.getByRole("combobox", { name: "by" }).selectOption("epoch");
      await page.getByRole("figure", { name: "loss by epoch" }).waitFor();
    }
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "smoothing and a log axis change what is drawn, by keyboard alone" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTrainings(registry, { count: 1 });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const plain = await pixelsOf(page);
    await page.getByRole("combobox", { name: "by" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("End");
    await page.getByRole("figure", { name: "loss by step, smoothed 0.99" }).waitFor();
    const smooth = await changed(page, plain);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.waitForURL(/log=y/);
    const logarithmic = await changed(page, smooth);
    assertNotEquals(logarithmic, plain);
    await page.reload(); // the address has both
    assert(await page.getByLabel("Log axis").isChecked());
    await loss(page).getByText("smoothed 0.99").waitFor();
    await page.getByLabel("Log axis").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const first = loss(page).getByRole("row").nth(1);
    await first.waitFor();
    assertEquals(await first.getByRole("cell").allInnerTexts(), ["0", "2.2", "2.5"]);
    assertEquals(errors, []);
  },
});
