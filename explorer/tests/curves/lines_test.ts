import { assert, assertEquals } from "@std/assert";
import { bandOf } from "../../src/curves/band.ts";
import { linesOf } from "../../src/curves/curve_lines.ts";
import { joinLines, lineOf, thinned } from "../../src/curves/lines.ts";
import { panelsOf, panelsWith, sectionsOf } from "../../src/curves/panels.ts";
import { axesOf } from "../../src/curves/axes.ts";
import type { Numbers } from "../../src/curves/steps.ts";
import { quantileOf } from "../../src/format/quantile.ts";

/** Returns the numbers of a column; undefined for rows without one. */
function numbersOf(cells: readonly (number | undefined)[]): Numbers {
  const rows = [...cells.keys()].filter((row) => cells[row] !== undefined);
  return { rows, values: rows.map((row) => cells[row]!) };
}

Deno.test("a line has the points with both numbers, by their step", () => {
  const line = lineOf(
    numbersOf([3, 1, undefined, 2, 1, NaN]),
    numbersOf([30, 10, 5, undefined, 11, 6]),
    0,
  );
  assertEquals(line, { x: [1, 3], y: [11, 30], replaced: 1 });
});

Deno.test("a line has NaN and infinities as gaps, also instead of the values before a resume", () => {
  const x = numbersOf([0, 1, 2, 3, 2, 3]);
  const { x: at, y } = lineOf(x, numbersOf([4, NaN, 2, 1, -Infinity, 0.5]), 0);
  assertEquals([at, y], [[0, 1, 2, 3], [4, NaN, -Infinity, 0.5]]);
});

Deno.test("the steps of a resumed run have its last values", () => {
  const x = [0, 1, 1, 2, 3, undefined, 1, 2, 2, 3, 4];
  const line = lineOf(numbersOf(x), numbersOf([...x.keys()]), 0);
  assertEquals(line, { x: [0, 1, 2, 2, 3, 4], y: [0, 6, 7, 8, 9, 10], replaced: 4 });
  const sparse = lineOf(numbersOf([0, 1, 2, 3, 1, 2, 3]), numbersOf([, , , 9, , , 7]), 0);
  assertEquals(sparse, { x: [3], y: [7], replaced: 1 });
});

Deno.test("a smoothed line is an exponential mean that begins at the first value", () => {
  const y = [4, 0, 2, 8];
  const { y: found } = lineOf(numbersOf([0, 1, 2, 3]), numbersOf(y), 0.5);
  const means = y.map((_, last) => {
    const weights = y.slice(0, last + 1).map((_, i) => 0.5 ** (last - i));
    const sum = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce((mean, weight, i) => mean + weight * y[i]! / sum, 0);
  });
  for (const [i, mean] of means.entries()) assert(Math.abs(found[i]! - mean) < 1e-12);
  assertEquals(found[0], 4);
  const { y: withGap } = lineOf(numbersOf([0, 1, 2, 3, 4]), numbersOf([4, 0, NaN, 2, 8]), 0.5);
  assertEquals(withGap, found.toSpliced(2, 0, NaN));
});

Deno.test("a long line keeps its ends, its highest and lowest values, and its gaps", () => {
  const count = 100_001;
  const x = Array.from({ length: count }, (_, i) => i);
  const y = x.map((i) => Math.sin(i / 5000));
  [y[50_000], y[70_001], y[60_000]] = [9, -9, NaN];
  [y[0], y[100_000]] = [y[5]!, y[99_990]!]; // neither the highest nor the lowest
  const line = thinned({ x, y });
  assertEquals([line.x[0], line.x.at(-1)], [0, 100_000]);
  assert(line.x.length <= 2001 && line.x.length > 1000, `${line.x.length}`);
  for (const [at, value] of [[50_000, 9], [70_001, -9], [60_000, NaN]] as const) {
    assertEquals(line.y[line.x.indexOf(at)], value);
  }
  assertEquals(line.x, line.x.toSorted((a, b) => a - b));
  for (const [i, at] of line.x.entries()) assertEquals(line.y[i], y[at]);
});

Deno.test("lines are put together by step, also those with one step twice", () => {
  assertEquals(joinLines([{ x: [1, 1, 3], y: [1, 2, 3] }, { x: [1, 2, 3], y: [4, 5, 6] }]), {
    x: [1, 1, 2, 3],
    values: [[1, 2, null, 3], [4, null, 5, 6]],
  });
  assertEquals(joinLines([]), { x: [], values: [] });
});

Deno.test("a band has the mean and the bounds of lines, also between their points", () => {
  const first = { x: [0, 1, 2, 4], y: [0, 2, 4, 8] };
  const second = { x: [0, 2, 3], y: [4, 8, NaN] };
  assertEquals(bandOf([first, second]), {
    x: [0, 1, 2, 4],
    values: [[2, 4, 6, 8], [4, 6, 8, 8], [0, 2, 4, 8]],
  });
  const gap = { x: [0, 1, 2], y: [10, NaN, 10] };
  assertEquals(bandOf([first, gap]).values[0], [5, 2, 7, 8]);
  const long = Array.from({ length: 10_000 }, (_, i) => i);
  const { x, values: [, high = [], low = []] } = bandOf([
    { x: long, y: long },
    { x: long, y: long.map((y) => -y) },
  ]);
  assert(x.length <= 1000 && x.length > 400, `${x.length}`);
  assertEquals([x[0], Math.max(...high), Math.min(...low)], [0, 9999, -9999]);
});

Deno.test("a chart shows the part of the axis that all charts show, and what it leaves out", () => {
  const steps = Array.from({ length: 101 }, (_, i) => i);
  const loss = steps.map((step) => step === 40 ? NaN : step === 50 ? 1e6 : step === 60 ? -1 : step);
  const columns = new Map([["step", numbersOf(steps)], ["loss", numbersOf(loss)]]);
  const run = { label: "a", columns, rows: 101, isAll: true, moreColumns: 0 };
  const panel = { title: "loss", measures: ["loss"] };
  const usual = { axis: "step", isCompared: false, smoothing: 0, isLog: false };
  const drawn = (more = {}) =>
    linesOf(panel, [run], { ...usual, hidesOutliers: false, isBand: false, ...more });
  assertEquals([drawn().x.length, drawn().gaps, drawn().omitted], [101, 1, []]);
  const zoomed = drawn({ range: [70, 72], isLog: true });
  assertEquals([zoomed.x, zoomed.gaps, zoomed.omitted], [[69, 70, 71, 72, 73], 0, []]);
  assertEquals(drawn({ range: [70.2, 70.8] }).x, [70, 71]);
  assertEquals(drawn({ range: [200, 300] }).x, []);
  assertEquals(drawn({ isLog: true }).omitted, [[2, "of 0 or less"]]);
  const { rangeY, omitted } = drawn({ hidesOutliers: true });
  const sorted = loss.filter((y) => !Number.isNaN(y)).sort((a, b) => a - b);
  assertEquals(rangeY, [quantileOf(sorted, 0.01), quantileOf(sorted, 0.99)]);
  assertEquals(omitted, [[2, "outside the middle 98 %"]]);
});

Deno.test("parts of the data share a chart, and names of columns tell the axis", () => {
  const measures = ["loss", "val_loss", "train/f1", "eval/f1", "lr", "test", "f1-dev"];
  assertEquals(panelsOf(measures, false).map(({ title, measures }) => [title, measures]), [
    ["loss", ["loss", "val_loss"]],
    ["f1", ["train/f1", "eval/f1", "f1-dev"]],
    ["lr", ["lr"]],
    ["test", ["test"]],
  ]);
  assertEquals(panelsOf(measures, true).length, measures.length);
  assertEquals(axesOf(["Epoch", "loss", "global_step", "steps_per_second", "iteration"]), [
    "global_step",
    "iteration",
    "Epoch",
  ]);
});

Deno.test("charts stand in sections by the beginning of their names, and are found by words", () => {
  const measures = [
    "loss",
    "system/gpu",
    "system/cpu",
    "train/f1",
    "val/f1",
    "train/auc",
    "val/auc",
  ];
  const sections = (names: readonly string[], alone = false) =>
    sectionsOf(panelsOf(names, alone)).map(({ title, panels }) => [
      title,
      panels.map(({ title }) => title).join(),
    ]);
  assertEquals(sections([...measures, "layer1.grad"]), [
    ["", "loss,layer1.grad"], // none is alone
    ["train", "f1,auc"],
    ["system", "system/gpu,system/cpu"],
  ]);
  assertEquals(sections(["system/loss", "n.a", "n.b"]).at(-1), ["system", "system/loss"]);
  assertEquals(sections(measures, true).map(([title]) => title), ["", "train", "val", "system"]);
  assertEquals(sections(["tokens", "val/loss", "val/f1"], true).map(([title]) => title), [
    "val",
    "",
  ]);
  const found = (text: string) =>
    panelsWith(panelsOf(measures, false), text).map(({ title }) => title);
  assertEquals([found("VAL f1"), found("u sys"), found("no")], [["f1"], [
    "system/gpu",
    "system/cpu",
  ], []]);
  assertEquals(found(" ").length, 5);
});
