// Curves of real runs in Chromium: hundreds of measures, a range that all charts share, gaps, bands.
import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { openRegistry, type Registry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** Saves a run with many measures, of which the steps are logged last. */
async function saveRun(registry: Registry, measures: number, { offset = 0 } = {}): Promise<void> {
  await using run = await openRun(registry, "team:net", { params: { offset } });
  for (let step = 0; step < 100; step++) {
    const loss = 2 / (1 + step) + offset;
    run.log({
      train: { loss: step === 50 ? NaN : loss, acc: step === 20 ? 1000 : 0.5 + step / 300 },
      val: { loss: loss + 0.1 },
      nodes: Object.fromEntries(Array.from({ length: measures }, (_, i) => [`gpu${i}`, i + step])),
      tokens: step * 1000,
      step,
    });
  }
  await run.finish();
}

const figure = (page: Page, name: string | RegExp) => page.getByRole("figure", { name });
const section = (page: Page, name: string) => page.getByRole("button", { name });

/** Returns the labels that the pointer shows at the right end of a chart. */
async function lastTip(page: Page, name: string): Promise<string[]> {
  const over = figure(page, name).locator(".u-over");
  await figure(page, name).evaluate((element) => element.scrollIntoView({ block: "center" }));
  await over.waitFor();
  const { width = 0 } = await over.boundingBox() ?? {};
  await over.hover({ position: { x: width - 1, y: 40 } });
  await figure(page, name).locator(".tip div").first().waitFor();
  return await figure(page, name).locator(".tip div").allInnerTexts();
}

Deno.test({
  name: "hundreds of measures stand in sections, are found, and are drawn in view" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 200);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    await figure(page, "loss by step").locator("canvas").waitFor();
    assertEquals(await section(page, "train 2").getAttribute("aria-expanded"), "true");
    await section(page, "train 2").press("Enter");
    assertEquals(await figure(page, "loss by step").count(), 0);
    await section(page, "train 2").press("Enter");
    assertEquals(await page.getByRole("figure").count(), 9); // two, one without a section, six

    await page.keyboard.press("Control+Home");
    await page.keyboard.press("/");
    await page.keyboard.type("NODES gpu19");
    await page.getByText("11 of 203 charts").waitFor(); // 19, and 190 to 199
    await figure(page, "nodes.gpu199 by step").waitFor();
    await page.getByRole("searchbox", { name: "Find charts" }).fill("");
    await page.getByRole("button", { name: "Show all 203 charts" }).press("Enter");
    await figure(page, "nodes.gpu199 by step").waitFor();
    assertEquals(await page.getByRole("figure").count(), 203);
    const drawn = await page.locator("canvas").count();
    assert(drawn < 40, `${drawn} charts are drawn`);
    const last = figure(page, "nodes.gpu199 by step");
    await last.evaluate((element) => element.scrollIntoView());
    await last.locator("canvas").waitFor();
    assert(await page.locator("canvas").count() < 40);

    await page.getByRole("combobox", { name: "by" }).selectOption("tokens");
    await figure(page, "loss by tokens").waitFor();
    assertEquals(await lastTip(page, "loss by tokens"), [
      "tokens 99,000",
      "train.loss: 0.02",
      "val.loss: 0.12",
    ]);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "all charts show one range of the axis, by mouse, by keyboard and from the address" +
    SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 3);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const over = figure(page, "loss by step").locator(".u-over");
    await over.waitFor();
    const { x = 0, y = 0, width = 0 } = await over.boundingBox() ?? {};
    await page.mouse.move(x + width / 4, y + 50);
    await page.mouse.down();
    await page.mouse.move(x + width / 2, y + 60, { steps: 3 });
    await page.mouse.up();
    await page.getByText(/^All charts show step 2\d\.?\d* to (49|50)\.?\d*\.$/).waitFor();
    const [, last] = await lastTip(page, "nodes.gpu1 by step");
    assert(/^nodes.gpu1: (50|51)$/.test(last!), last);

    await page.reload();
    await page.getByText(/^All charts show step 2/).waitFor();
    await page.getByRole("button", { name: "Reset zoom" }).press("Enter");
    const [, end] = await lastTip(page, "nodes.gpu1 by step");
    assert(/^nodes.gpu1: (99|100)$/.test(end!), end);
    assert(!page.url().includes("from="), page.url());
    await page.getByLabel("from step").fill("90");
    await page.getByLabel("to step").fill("95");
    await page.getByText("All charts show step 90 to 95.").waitFor();
    assertEquals((await lastTip(page, "nodes.gpu1 by step"))[1], "nodes.gpu1: 96");
    await over.dblclick();
    await page.getByText("All charts show").waitFor({ state: "detached" });
    await page.getByLabel("from step").fill("90");
    await page.getByText("All charts show step 90 to 99.").waitFor(); // without an end, to the last
    await page.getByLabel("to step").fill("80");
    await page.getByText("All is shown, because the curves have nothing in this range.").waitFor();
    await page.getByRole("button", { name: "Reset zoom" }).press("Enter");
    await page.getByText("All is shown").waitFor({ state: "detached" });
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0?from=abc&to=5`); // as without a beginning
    await page.getByText("All charts show step 0 to 5.").waitFor();
    assertEquals([await barriersOf(page), errors], [[], []]);
  },
});

Deno.test({
  name: "the last, smallest and largest values of all measures are a table, by keyboard" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 200);
    await registry.save("team:net", "by epoch");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    await page.getByLabel("Table of values").press("Space");
    const values = page.getByRole("region", { name: "Values of curves" });
    await values.waitFor();
    await page.getByLabel("Find charts").fill("train");
    await values.getByText("nodes.gpu0").waitFor({ state: "detached" });
    const rows = async () =>
      (await values.locator("tbody tr").allInnerTexts()).map((row) => row.split("\t"));
    assertEquals(await rows(), [
      ["train.loss", "0.02", "0.02", "99", "2", "0", "1"],
      ["val.loss", "0.12", "0.12", "99", "2.1", "0", ""],
      ["train.acc", "0.83", "0.5", "0", "1,000", "20", ""],
    ]);
    await page.getByRole("combobox", { name: "by" }).selectOption("time");
    await page.getByRole("figure", { name: "loss by time" }).locator("canvas").waitFor();
    await page.reload();
    await values.waitFor();
    assertEquals([await barriersOf(page), errors], [[], []]);

    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0?by=wall`);
    await page.getByText("No curve has the column wall.").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "gaps are marked, outliers are hidden, and several runs are a band" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const offset of [0, 1, 5]) await saveRun(registry, 1, { offset });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const card = page.locator(".card", { has: figure(page, "loss by step") });
    await card.getByText("× marks 1 value of NaN or infinity.").waitFor();
    await figure(page, "loss by step").getByRole("button", { name: "As a table" }).press("Enter");
    await card.getByRole("row", { name: "50 NaN" }).waitFor();
    await page.getByLabel("Hide outliers").press("Space");
    const acc = page.locator(".card", { has: figure(page, "train.acc by step") });
    await acc.getByText("Left out: 2 values outside the middle 98 %.").waitFor();

    const refs = [1, 2, 3].map((version) => `team%3Anet%40${version}.0.0`).join("+");
    await page.goto(`${url}#/compare?refs=${refs}`);
    await page.getByLabel("Mean and range").press("Space");
    assertEquals(await lastTip(page, "train.loss by step"), [
      "step 99",
      "mean: 2.02",
      "maximum: 5.02",
      "minimum: 0.02",
    ]);
    const band = page.locator(".card", { has: figure(page, "train.loss by step") });
    await band.getByText("Left out: 3 values of NaN or infinity.").waitFor();
    assertEquals([await barriersOf(page), errors], [[], []]);
  },
});

/** Returns how much of a chart is drawn in a part of its height, in pixels of the line's color. */
async function inkBetween(page: Page, name: string, top: number, bottom: number): Promise<number> {
  const canvas = figure(page, name).locator("canvas");
  await canvas.waitFor();
  return await canvas.evaluate((element, [top = 0, bottom = 1]) => {
    const { width, height } = element as HTMLCanvasElement;
    const from = Math.round(height * top);
    const { data } = (element as HTMLCanvasElement).getContext("2d")!
      .getImageData(0, from, width, Math.round(height * bottom) - from);
    let ink = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [red = 0, green = 0, , alpha = 0] = data.subarray(i, i + 4);
      if (alpha > 64 && green - red > 40) ink++;
    }
    return ink;
  }, [top, bottom]);
}

Deno.test({
  name: "typed limits of values scale all charts, and the address keeps them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 1);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const name = "train.acc by step";
    const acc = page.locator(".card", { has: figure(page, name) });
    const before = await inkBetween(page, name, 0.3, 0.5); // only a line to 1000 and back
    await page.getByLabel("greatest value").fill("1");
    await acc.getByText("Left out: 1 value outside the limits.").waitFor();
    await page.waitForFunction(() => location.hash.includes("high=1"));
    await page.reload();
    await acc.getByText("Left out: 1 value outside the limits.").waitFor();
    const after = await inkBetween(page, name, 0.3, 0.5);
    assert(after > before + 50, `${after} pixels, before ${before}`);
    await page.getByLabel("least value").fill("1");
    await page.getByText("The limits of values are not in order: all are shown.").waitFor();
    await page.getByRole("button", { name: "Reset zoom" }).press("Enter");
    await page.waitForFunction(() => !/low|high/.test(location.hash));
    assertEquals(await acc.getByText("outside the limits").count(), 0);
    assertEquals([await barriersOf(page), errors], [[], []]);
  },
});

Deno.test({
  name: "a value between two NaN is drawn, and no line leads to it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using run = await openRun(registry, "team:net");
    for (let step = 0; step < 300; step++) {
      const isGap = step > 45 && step < 55;
      run.log({ step, loss: step === 50 ? 3 : isGap ? NaN : 0.5 });
    }
    await run.finish();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const point = await inkBetween(page, "loss by step", 0.13, 0.4);
    assert(point > 4 && point < 60, `${point} pixels at the value`);
    assertEquals(await inkBetween(page, "loss by step", 0.4, 0.5), 0);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "the file below many curves is read once a person comes to it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 60);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0?charts=all`);
    await figure(page, "loss by step").locator("canvas").waitFor();
    const preview = page.getByRole("region", { name: "Preview" });
    const rows = preview.getByRole("region", { name: "Rows" });
    assertEquals(await rows.count(), 0);
    await preview.scrollIntoViewIfNeeded();
    await rows.waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    await figure(page, "loss by step").locator("canvas").waitFor();
    assertEquals(await rows.count(), 1); // it stays
    assertEquals(errors, []);
  },
});
