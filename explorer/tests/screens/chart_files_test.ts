// Charts as files: what a chart shows, with title, axes and legend, on white.
import { assert, assertEquals } from "@std/assert";
import type { Locator, Page } from "npm:playwright-core@^1.56";
import { openRegistry, type Registry } from "../../../mod.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { tag } from "../../src/components/charts/svg_file.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

const figure = (page: Page, name: string) => page.getByRole("figure", { name });

/** Saves a chart by keyboard, and returns its file. */
async function saved(page: Page, within: Locator, type: "PNG" | "SVG") {
  const begun = page.waitForEvent("download");
  await within.locator(".menu summary", { hasText: "Save" }).press("Enter");
  await within.getByRole("button", { name: `Save as ${type}` }).press("Enter");
  const download = await begun;
  const bytes = await Deno.readFile(await download.path());
  return { name: download.suggestedFilename(), bytes };
}

async function savedSvg(page: Page, within: Locator) {
  const { name, bytes } = await saved(page, within, "SVG");
  const text = new TextDecoder().decode(bytes);
  await page.evaluate(async (text) => {
    const picture = new Image();
    picture.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    await picture.decode(); // rejects unless it is XML
  }, text);
  const texts = [...text.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = ""]) => text);
  return { name, text, texts };
}

async function saveRun(registry: Registry, factor: number): Promise<void> {
  await using run = await openRun(registry, "team:net", { params: { factor } });
  for (let step = 0; step < 60; step++) {
    run.log({ step, loss: step === 30 ? NaN : factor / (1 + step), val_loss: 0.5 + factor });
  }
  await run.finish();
}

Deno.test("names in a chart cannot become markup of its file", () => {
  const element = tag("a", { b: '"><script>', c: undefined, d: 1 / 3 }, "text");
  assertEquals(element, '<a b="&quot;&gt;&lt;script&gt;" d="0.33">text</a>');
});

Deno.test({
  name: "a chart is saved as SVG with title, axes, legend and values, and as PNG" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, 1);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${url}#/artifacts/team%3Anet/1.0.0`);
    const chart = figure(page, "loss by step");
    await chart.locator("canvas").waitFor();
    const { name, text, texts } = await savedSvg(page, chart);
    assertEquals(name, "loss_by_step.svg");
    assertEquals(texts[0], "loss by step");
    for (const each of ["0", "20", "40", "0.2", "1.6", "step", "loss", "val_loss"]) {
      assert(texts.includes(each), `${each} in ${texts}`);
    }
    assertEquals([...text.matchAll(/stroke="(#\w{6})" stroke-width="1.75"/g)].map(([, c]) => c), [
      "#0f766e", // the colors of the light theme
      "#7c3aed",
    ]);
    const [, line = ""] = /<path d="([^"]*)" fill="none" stroke="#0f766e"/.exec(text) ?? [];
    assertEquals([...line.matchAll(/[ML]/g)].length, 59); // none at NaN
    assertEquals([...line.matchAll(/M/g)].length, 2);
    const [, cross] = /<path d="M[\d.]+ ([\d.]+)l6 6M/.exec(text) ?? [];
    const [, top] = /<clipPath[^>]*><rect x="[\d.]+" y="([\d.]+)"/.exec(text) ?? [];
    assert(Number(cross) + 6 < Number(top), `a cross at NaN, above the chart: ${cross}, ${top}`);

    const png = await saved(page, chart, "PNG");
    assertEquals(png.name, "loss_by_step.png");
    const seen = await page.evaluate(async (bytes) => {
      const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const context = canvas.getContext("2d")!;
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, picture.width, picture.height);
      let line = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] === 0x0f && data[i + 1] === 0x76 && data[i + 2] === 0x6e) line++;
      }
      return { width: picture.width, corner: [...data.subarray(0, 4)], line };
    }, [...png.bytes]);
    assertEquals([seen.width, seen.corner], [1920, [255, 255, 255, 255]]);
    assert(seen.line > 500, `${seen.line} pixels of the line`);

    await chart.getByText("val_loss").click(); // the legend hides a line
    const { texts: left } = await savedSvg(page, chart);
    assert(left.includes("loss") && !left.includes("val_loss"));
    assertEquals(await page.locator(".apart").count(), 0);
    await chart.getByRole("button", { name: "As a table" }).press("Enter");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await chart.getByRole("button", { name: "Copy as CSV (60 rows)" }).press("Enter");
    await chart.getByText("60 rows copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assertEquals(copied.split("\n").slice(0, 3), [
      "step,loss,val_loss",
      "0,1,1.5",
      "1,0.5,1.5",
    ]);
    assertEquals([await barriersOf(page), errors], [[], []]);
  },
});

Deno.test({
  name: "charts of versions, bands and parallel coordinates are saved as they are drawn" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 1; i <= 12; i++) await saveRun(registry, i / 7);
    await registry.setAlias("team:net", "best", "3");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/team%3Anet`);
    const metric = page.getByRole("region", { name: "Charts" }).getByRole("figure").first();
    await metric.locator("canvas").waitFor();
    const points = await savedSvg(page, metric);
    assertEquals([...points.text.matchAll(/<circle[^>]* r="3.5"/g)].length, 12);
    for (const each of ["1.0.0", "best", "best so far"]) assert(points.texts.includes(each), each);
    const lines = await savedSvg(page, page.getByRole("region", { name: "Parallel coordinates" }));
    assertEquals(lines.name, "Parallel_coordinates.svg");
    assert(lines.texts.includes("factor"), `${lines.texts}`);
    assertEquals([...lines.text.matchAll(/M[\d.]+ [\d.]+L/g)].length, 24); // grey, and colored

    const refs = Array.from({ length: 12 }, (_, i) => `team%3Anet%40${i + 1}.0.0`).join("+");
    await page.goto(`${url}#/compare?refs=${refs}`);
    const loss = figure(page, "loss by step").first();
    await loss.evaluate((element) => element.scrollIntoView({ block: "center" }));
    await loss.locator("canvas").waitFor();
    const curves = await savedSvg(page, loss);
    for (let i = 1; i <= 12; i++) {
      const label = `${i}.0.0${i === 3 ? " (best)" : ""}`;
      assert(curves.texts.includes(label), `${label} in ${curves.texts}`);
    }
    assertEquals([...curves.text.matchAll(/stroke-width="1.75"[^>]*stroke-dasharray/g)].length, 4);
    await page.getByLabel("Mean and range").press("Space");
    await page.getByText("Lines are the mean").waitFor();
    const band = await savedSvg(page, loss);
    assertEquals([...band.text.matchAll(/fill-opacity="0.2"/g)].length, 1);
    assert(["mean", "maximum", "minimum"].every((each) => band.texts.includes(each)));
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a chart is saved whatever its measure is named, and a failure is seen" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    const name = `]]> & <b> "x" \ufffe\u202e`;
    await using registry = await openRegistry("memory:");
    await using run = await openRun(registry, "team:net", { id: "one" });
    for (let step = 0; step < 3; step++) run.log({ step, [name]: step });
    await run.flush();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/logged/team%3Anet/one`);
    const chart = page.getByRole("figure");
    await chart.locator("canvas").waitFor();
    assert((await savedSvg(page, chart)).texts.length > 0);
    assert((await saved(page, chart, "PNG")).bytes.length > 10_000);
    await page.evaluate(() => {
      HTMLCanvasElement.prototype.toBlob = (done) => done(null);
    });
    await chart.locator(".menu summary", { hasText: "Save" }).press("Enter");
    await chart.getByRole("button", { name: "Save as PNG" }).press("Enter");
    const problem = chart.getByText("Not saved: there is no picture");
    await problem.waitFor();
    assert((await problem.boundingBox())!.width > 100);
    assertEquals([await barriersOf(page), errors], [[], []]);
  },
});
