// Charts of runs: points with the best so far, aliases, logarithmic axes, and colors in order.
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { needsLogAxis, scaleColorOf } from "../../src/components/charts/chart_scales.ts";
import { piecesOf } from "../../src/components/charts/plot.ts";
import { placeLabel } from "../../src/components/charts/chart_points.ts";
import { bestSoFar } from "../../src/views/versions/metric_charts.ts";
import { powersBetween, stepsBetween, ticksOf } from "../../src/views/versions/ticks.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test("the best so far is the best value until each version", () => {
  assertEquals(bestSoFar([null, 2, 1, null, 3], "high"), [null, 2, 2, 2, 3]);
  assertEquals(bestSoFar([5, 7, 3], "low"), [5, 5, 3]);
  assertEquals(bestSoFar([5, 7], undefined), undefined);
});

Deno.test("numbers that a linear axis would crowd have a logarithmic axis", () => {
  assertEquals([[1e-5, 0.1, NaN], [0.3, 0.0003], [1, 1000]].map(needsLogAxis), [true, true, true]);
  assertEquals([[1, 999], [0, 1e6], [-1, 1e6], []].map(needsLogAxis), [false, false, false, false]);
  const drawn = Array.from({ length: 10 }, (_, i) => 10 ** (-3.7 + i / 4)); // over 2.25 decades
  assertEquals(needsLogAxis(drawn), true);
  assertEquals(needsLogAxis(Array.from({ length: 200 }, (_, i) => 1 + i)), false); // evenly spread
  assertEquals([scaleColorOf(0), scaleColorOf(0.5), scaleColorOf(1)], [
    ...["--scale-1", "--scale-4", "--scale-7"],
  ]);
});

Deno.test("gaps part a line, and no point between two of them is lost", () => {
  assertEquals(piecesOf([undefined, 1, undefined]), [[1]]);
  assertEquals(piecesOf([1, undefined, 2]), [[0, 2]]);
  assertEquals(piecesOf([3, null, undefined, 1, undefined, null, 2, 2, null, 5]), [
    ...[[0], [3], [6, 7], [9]],
  ]);
  assertEquals(piecesOf([1, null, 2, 3], 2, 2), [[2]]);
  assertEquals(piecesOf([null, undefined]), []);
});

Deno.test("axes have round ticks", () => {
  assertEquals(stepsBetween(0.797, 0.979), [0.8, 0.85, 0.9, 0.95]);
  assertEquals(stepsBetween(1, 5), [1, 2, 3, 4, 5]);
  assertEquals(stepsBetween(0.00011, 0.095), [0.02, 0.04, 0.06, 0.08]);
  assertEquals(stepsBetween(0.107, 0.987), [0.2, 0.4, 0.6, 0.8]);
  assertEquals(powersBetween(0.0011, 0.095), [0.002, 0.005, 0.01, 0.02, 0.05]);
  assertEquals(powersBetween(2e-5, 0.1), [1e-4, 1e-3, 1e-2, 0.1]);
  assertEquals(powersBetween(1e-9, 1e3).length, 7);
});

Deno.test("the names of marked points are beside them, in the chart, and not over each other", () => {
  const options = {
    size: { width: 60, height: 13 },
    away: 10,
    within: { left: 0, top: 0, width: 300, height: 100 },
  };
  const place = (left: number, placed: ReturnType<typeof placeLabel>[] = []) =>
    placeLabel({ left, top: 50 }, { ...options, placed });
  const [first, last] = [place(150), place(290)];
  assertEquals([first.left, last.left], [160, 220]);
  assertEquals(place(152, [first]).left, 82);
  assertEquals(place(285, [place(150), place(290)]).top, 50 + 13 / 2); // below the one beside it
});

Deno.test("an axis with few values shows them, without overlaps", () => {
  const ticks = (values: number[], isLog = false) => {
    const scale = isLog ? Math.log : Number;
    const [low, high] = [scale(values[0]!), scale(values.at(-1)!)];
    const at = (value: number) => (scale(value) - low) / (high - low);
    return ticksOf(Float64Array.from(values), { isLog, at });
  };
  assertEquals(ticks([8, 8, 16, 32, 64, 128]), [8, 32, 64, 128]);
  assertEquals(ticks([8, 16, 32, 64, 128], true), [8, 16, 32, 64, 128]);
  assertEquals(ticks(Array.from({ length: 50 }, (_, i) => i / 50)), [0, 0.2, 0.4, 0.6, 0.8]);
});

Deno.test({
  name: "the first chart has the best so far and aliases, and wide axes are logarithmic" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 1; i <= 24; i++) {
      const params = { rate: 10 ** (-5 + i / 6), width: i % 6, opt: ["adam", "sgd"][i % 2]! };
      const metrics = { accuracy: (i * 7 % 24) / 25, seconds: i };
      await registry.save("m", i, { metadata: { params, metrics } });
    }
    await registry.setAlias("m", "production", "7.0.0");
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/m`);
    const first = page.getByRole("figure", { name: "accuracy by version" });
    await first.locator(".u-legend").getByText("best so far").waitFor();
    await first.getByRole("button", { name: "As a table" }).click();
    const best = first.locator("tbody tr td:last-child");
    await best.nth(23).waitFor();
    const values = (await best.allInnerTexts()).map(Number);
    assert(values.every((value, i) => i === 0 || value >= values[i - 1]!), values.join());

    // Parallel coordinates: parameters first, the metric last, and ticks of powers of ten.
    const section = page.getByRole("region", { name: "Parallel coordinates" });
    const names = section.locator(".axis-name");
    await names.nth(3).waitFor();
    assertEquals((await names.allInnerTexts()).at(-1), "accuracy");
    const rate = (await names.allInnerTexts()).indexOf("rate");
    const ticks = section.locator(`.tick[style*="grid-column: ${rate + 1}"]`);
    assertEquals(await ticks.allInnerTexts(), ["0.0001", "0.001", "0.01", "0.1"]);
    assert(await section.locator("path.run").count() > 3);
    await page.getByRole("combobox", { name: "axes", exact: true }).selectOption("linear");
    await section.getByText("0.04", { exact: true }).waitFor();
    await page.getByLabel("colored by").selectOption("width");
    const second = page.getByRole("figure", { name: /^accuracy by/ });
    await second.getByRole("button", { name: "As a chart" }).click();
    const legend = page.getByRole("list", { name: "Lines" }).getByRole("button");
    await legend.getByText("width 5").waitFor();
    const texts = (await legend.allInnerTexts()).filter((text) => text.startsWith("width"));
    assertEquals(texts, [0, 1, 2, 3, 4, 5].map((i) => `width ${i}`));
    assertEquals(errors, []);
  },
});
