// Curves, and files side by side, in Chromium.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { localPath, openRegistry } from "../../../mod.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";
import { saveTrainings } from "../support/training.ts";

const refs = (count: number) =>
  Array.from({ length: count }, (_, i) => `team%3Anet%40${i + 1}.0.0`).join("+");
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
      await loss(page).locator(".u-over").hover(); // a step without a validation
      await loss(page).locator(".tip").getByText(/^val_loss: [\d.]+ at (28|32)$/).waitFor();
      await page.getByRole("combobox", { name: "by" }).selectOption("epoch");
      await page.getByRole("figure", { name: "loss by epoch" }).waitFor();
    }
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "a log axis says how many values it leaves out" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const history = new Blob(["step,gain,cost\n0,0,-1\n1,2,0\n2,3,1\n"], { type: "text/csv" });
    await registry.save("run", history);
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    await page.goto(`${url}#/artifacts/run/1.0.0?log=y`);
    await page.getByText("Left out: 1 value of 0 or less.").waitFor();
    await page.getByText("Left out: 2 values of 0 or less.").waitFor();
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
    await page.getByRole("figure", { name: "loss by step, smoothed 0.99" }).waitFor();
    await page.getByRole("treeitem", { name: "confusion.csv" }).click();
    await page.waitForURL(/path=confusion.csv/);
    await page.getByRole("figure", { name: "loss by step, smoothed 0.99" }).waitFor();
    await page.getByLabel("greatest value").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const first = loss(page).getByRole("row").nth(1);
    await first.waitFor();
    assertEquals(await first.getByRole("cell").allInnerTexts(), ["0", "2.2", "2.5", "2.2", "2.5"]);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "values that an axis cannot have are named, and its labels are whole and distinct" +
    SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    const rows = Array.from({ length: 100 }, (_, step) => [
      step < 50 ? step : step - 25,
      ...[-step, `1e-${step}`, 123456 + step / 1000, 1e9 + step * 1e8],
      step < 90 ? 1 : ["nan", "-inf", Number.MAX_VALUE][step % 3],
    ]);
    const csv = ["step,loss,rate,close,tokens,diverged", ...rows].join("\n");
    await Deno.writeTextFile(root.join("history.csv"), csv);
    const long = `1.0.0-${"a-long-name.".repeat(6)}no-`;
    for (const version of [`${long}1`, `${long}2`]) {
      await registry.save("run", localPath(root.path), { version, metadata: { version: 1 } });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.addInitScript(() => {
      const { fillText } = CanvasRenderingContext2D.prototype;
      const labels: unknown[] = (globalThis as never as { labels: unknown[] }).labels = [];
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        const { width } = this.measureText(text);
        const left = this.textAlign === "right" ? x - width : x - width / 2;
        const isWhole = left >= 0 && left + width <= this.canvas.width;
        labels.push([text, isWhole]);
        fillText.call(this, text, x, y);
      };
    });
    const labels = () =>
      page.evaluate(() => (globalThis as never as { labels: [string, boolean][] }).labels);
    const figure = (name: string) => page.getByRole("figure", { name: `${name} by step` });
    const left = async (name: string) => {
      const card = page.locator(".card", { has: figure(name) });
      return (await card.locator("p.muted").allInnerTexts()).join(" ");
    };
    await page.setViewportSize({ width: 1280, height: 1600 });
    await page.goto(`${url}#/artifacts/run/${long}1?charts=all`);
    await figure("diverged").locator("canvas").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("canvas").length === 5);
    assertEquals(
      await left("diverged"),
      "× marks 10 values of NaN or infinity. Left out: 25 values of steps that come again later.",
    );
    const linear = await labels();
    assertEquals(linear.filter(([, isWhole]) => !isWhole), []);
    for (const label of ["123456.05", "10,000,000,000"]) {
      assert(linear.some(([text]) => text === label), `${label} is not in ${linear.join()}`);
    }
    await page.getByLabel("Log axis").check();
    await page.waitForFunction(() =>
      (globalThis as never as { labels: [string][] }).labels.some(([text]) => text === "1e-99")
    );
    assert((await left("loss")).startsWith("Left out: 75 values of 0 or less"), await left("loss"));
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(`${url}#/compare?refs=run%40${long}1+run%40${long}2`);
    await page.getByRole("heading", { name: "Curves" }).scrollIntoViewIfNeeded();
    await page.getByRole("list", { name: "Lines" }).getByRole("button").nth(1).waitFor();
    await loss(page).locator("canvas").waitFor();
    await page.waitForFunction(() =>
      document.documentElement.scrollWidth <= document.documentElement.clientWidth
    );
    assertEquals([(await labels()).filter(([, isWhole]) => !isWhole), errors], [[], []]);
  },
});

Deno.test({
  name: "chosen versions are drawn together and shown side by side, by keyboard alone" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTrainings(registry, { count: 5, forms: ["csv", "jsonl"] });
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    await page.goto(`${url}#/compare?refs=${refs(2)}`);
    const legend = page.getByRole("list", { name: "Lines" }).getByRole("button");
    await legend.nth(1).waitFor();
    assertEquals(await legend.allInnerTexts(), ["1.0.0", "2.0.0"]);

    await page.goto(`${url}#/artifacts/team%3Anet`);
    for (const version of [1, 2, 3, 4, 5]) {
      await page.getByLabel(`Compare ${version}.0.0`).focus();
      await page.keyboard.press("Space");
    }
    await page.getByRole("link", { name: "Compare 5 versions" }).focus();
    await page.keyboard.press("Enter");
    await legend.nth(4).waitFor();
    assertEquals(await legend.allInnerTexts(), [1, 2, 3, 4, 5].map((n) => `${n}.0.0`));
    const beside = page.getByRole("region", { name: "Side by side" });
    for (const version of [1, 2, 3, 4, 5]) {
      const one = beside.getByRole("region", { name: `team:net@${version}.0.0` });
      await one.getByRole("img", { name: "confusion.png" }).waitFor();
      assertEquals(await one.getByRole("term").allInnerTexts(), ["rate", "optimizer"]);
    }
    await beside.getByRole("combobox", { name: "of" }).focus();
    await page.keyboard.press("ArrowDown");
    for (const version of [1, 2, 3, 4, 5]) {
      const one = beside.getByRole("region", { name: `team:net@${version}.0.0` });
      await one.getByRole("cell", { name: `${90 + version}`, exact: true }).first().waitFor();
    }
    assert(page.url().includes("beside=confusion.csv"));
    assertEquals(await beside.getByLabel("Filter rows").count(), 0);
    for (const box of await beside.getByRole("region", { name: "Rows" }).all()) {
      const hidden = await box.evaluate((each) => each.scrollWidth - each.clientWidth);
      assert(hidden < 50, `${hidden} pixels of a small table are cut off`);
    }
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "curves and files side by side have no barriers, in light, dark and on a phone" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveTrainings(registry, { count: 5, forms: ["csv", "jsonl"] });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const barriers: string[] = [];
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        for (
          const at of [
            "artifacts/team%3Anet/2.0.0",
            `compare?refs=${refs(5)}&smooth=0.5&log=y`,
            `compare?refs=${refs(5)}&beside=confusion.csv`,
          ]
        ) {
          await page.goto(`${url}#/${at}`);
          await page.getByRole("heading", { name: "Curves" }).scrollIntoViewIfNeeded();
          await loss(page).locator("canvas").waitFor();
          await page.waitForFunction(() => document.querySelector(".loading") === null);
          await page.waitForFunction(() =>
            document.documentElement.scrollWidth <= document.documentElement.clientWidth
          );
          await loss(page).locator(".u-over").hover();
          await loss(page).locator(".tip").getByText("step").waitFor();
          const overflow = await page.evaluate(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth
          );
          if (overflow > 0) barriers.push(`${at} ${width}: the values are ${overflow} too wide`);
          const found = await barriersOf(page);
          barriers.push(...found.map((each) => `${at} ${scheme} ${width}: ${each}`));
        }
      }
    }
    assertEquals([barriers, errors], [[], []]);
  },
});
