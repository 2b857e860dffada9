// One legend for all charts of several runs: it emphasizes a line in each of them, and hides it.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { openRegistry, type Registry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { barriersInThemes } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** Saves runs with far lines, of which the first logs one measure more. */
async function saveRuns(registry: Registry): Promise<void> {
  for (const i of [0, 1, 2]) {
    await using run = await openRun(registry, "team:net", { params: { group: i % 2 ? "b" : "a" } });
    for (let step = 0; step < 50; step++) {
      run.log({ step, loss: 10 * i + step / 50, acc: 20 - 10 * i, ...i === 0 && { extra: step } });
    }
    await run.finish();
  }
}

const REFS = [1, 2, 3].map((version) => `team%3Anet%40${version}.0.0`).join("+");
const chart = (page: Page, name: string) => page.getByRole("figure", { name: `${name} by step` });
const names = (page: Page) => page.getByRole("list", { name: "Lines" }).getByRole("button");

/** Returns how many pixels of each chart have the full color of the first and the third line. */
async function inkOf(page: Page): Promise<number[][]> {
  return await page.locator(".chart canvas").evaluateAll((all) =>
    all.slice(0, 2).map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!
        .getImageData(0, 0, width, height);
      const ink = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3]! < 250) continue;
        if (data[i] === 0x0f && data[i + 1] === 0x76) ink[0]!++;
        if (data[i] === 0x92 && data[i + 1] === 0x40) ink[1]!++;
      }
      return ink;
    })
  );
}

Deno.test({
  name: "a name of the legend emphasizes its line in all charts, and hides it, by keyboard" +
    SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRuns(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`${url}#/compare?refs=${REFS}`);
    for (const name of ["loss", "acc"]) await chart(page, name).locator("canvas").waitFor();
    assertEquals(await names(page).allInnerTexts(), ["1.0.0", "2.0.0", "3.0.0"]);
    assertEquals(await page.locator(".u-legend th").count(), 0);
    await page.getByText("Only 1.0.0.").waitFor(); // has the measure that others lack
    const before = await inkOf(page);
    assert(before.flat().every((ink) => ink > 20), JSON.stringify(before));

    await names(page).first().focus();
    await page.waitForFunction(() => document.querySelector(".lines-legend .focused") !== null);
    const during = await inkOf(page);
    assert(during.every(([first = 0, third]) => first > 20 && third === 0), `${during}`);
    await names(page).first().blur();
    await page.waitForFunction(() => document.querySelector(".lines-legend .focused") === null);
    assertEquals(await inkOf(page), before);

    const over = chart(page, "acc").locator(".u-over");
    await over.hover({ position: { x: 100, y: 8 } }); // near the first line
    await page.locator(".lines-legend .focused", { hasText: "1.0.0" }).waitFor();
    await page.locator(".tip .focused", { hasText: "1.0.0: 20" }).waitFor();
    assertEquals((await inkOf(page))[0]?.[1], 0); // in the chart of the loss, too

    await names(page).nth(1).press("Enter");
    await page.waitForFunction(() => location.hash.includes("hidden=2.0.0"));
    await page.reload();
    await chart(page, "loss").locator("canvas").waitFor();
    assertEquals(await names(page).nth(1).getAttribute("aria-pressed"), "false");
    await chart(page, "loss").locator(".u-over").hover({ position: { x: 100, y: 40 } });
    const shown = await chart(page, "loss").locator(".tip div").allInnerTexts();
    assertEquals(shown.map((text) => text.split(":")[0]).slice(1), ["1.0.0", "3.0.0"]);
    await page.getByRole("button", { name: "Show all" }).press("Enter");
    await page.getByRole("button", { name: "Hide all" }).press("Enter");
    await page.getByText("All lines are hidden.").waitFor();
    assertEquals(await page.getByRole("figure").count(), 0);
    await names(page).nth(2).press("Enter"); // one of many
    await chart(page, "loss").locator("canvas").waitFor();
    assertEquals([await barriersInThemes(page), errors], [[], []]);
  },
});

Deno.test({
  name: "a saved chart has the names that the page shows once, without hidden ones" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRuns(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/compare?refs=${REFS}&hidden=2.0.0&smooth=0.9`);
    const loss = page.getByRole("figure", { name: "loss by step, smoothed 0.9" });
    await loss.locator("canvas").waitFor();
    await loss.locator(".u-over").hover({ position: { x: 100, y: 40 } });
    assertEquals((await loss.locator(".tip div").allInnerTexts()).length, 3); // no faint line
    const begun = page.waitForEvent("download");
    await loss.locator(".menu summary").press("Enter");
    await loss.getByRole("button", { name: "Save as SVG" }).press("Enter");
    const text = await Deno.readTextFile(await (await begun).path());
    const texts = [...text.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
    assertEquals(texts.filter((each) => /^\d\.0\.0$/.test(each ?? "")), ["1.0.0", "3.0.0"]);
    assertEquals(texts.filter((each) => each?.includes("smoothed")).length, 1); // of the title
    const faint = [...text.matchAll(/stroke="(#\w+)" stroke-width="1" stroke-opacity="0.28"/g)];
    assertEquals(faint.map(([, color]) => color), ["#0f766e", "#92400e"]); // values behind
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "charts of versions that are colored by a key share its legend" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRuns(registry);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet?color=metadata.params.group`);
    const first = page.locator("[aria-label=Charts] canvas").first();
    await first.waitFor();
    const charts = page.getByRole("region", { name: "Charts", exact: true });
    const parts = charts.getByRole("list", { name: "Lines" }).getByRole("button");
    assertEquals(await parts.allInnerTexts(), ["group a", "group b", "best so far"]);
    const before = await first.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    await parts.first().press("Enter");
    await page.waitForFunction(() => location.hash.includes("hidden=group"));
    await page.locator('[aria-pressed="false"]', { hasText: "group a" }).waitFor();
    await page.locator("[aria-label=Charts] canvas").first().waitFor();
    const after = await first.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    assertNotEquals(after, before);
    // The curves above have a legend of their own.
    const curves = page.getByRole("region", { name: "Curves" });
    await curves.getByRole("button", { name: "Hide all" }).press("Enter");
    await curves.getByRole("button", { name: "Show all" }).press("Enter");
    await page.locator('[aria-pressed="false"]', { hasText: "group a" }).waitFor();
    await charts.getByRole("button", { name: "Show all" }).press("Enter");
    await parts.last().press("Enter"); // the best so far
    await page.waitForFunction(() => location.hash.includes("hidden=best"));
    const loss = page.locator("[aria-label=Charts] figure").first();
    await loss.getByRole("button", { name: "As a table" }).press("Enter");
    assertEquals(await loss.getByRole("columnheader").allInnerTexts(), [
      ...["Version", "version", "group a", "group b"],
    ]);
    assertEquals(errors, []);
  },
});
