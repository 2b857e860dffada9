import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { joinLines, lineOf, panelsOf } from "../../src/curves/lines.ts";
import { axesOf } from "../../src/curves/axes.ts";
import { findSteps, readSteps } from "../../src/curves/steps.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";
import { historyBytes, historyOf } from "../support/training.ts";
import { slowTest } from "../../../tests/support/seeds.ts";

const encoder = new TextEncoder();

Deno.test("a line has the points with both numbers, by their step", () => {
  const line = lineOf({ x: [3, 1, NaN, 2, 1], y: [30, 10, 5, NaN, 11] }, 0);
  assertEquals(line, { x: [1, 3], y: [11, 30], replaced: 1, lost: 0 });
});

Deno.test("the steps of a resumed run have its last values", () => {
  const x = [0, 1, 1, 2, 3, NaN, 1, 2, 2, 3, 4];
  const { replaced, ...line } = lineOf({ x, y: x.map((_, i) => i === 9 ? Infinity : i) }, 0);
  assertEquals([line, replaced], [{ x: [0, 1, 2, 2, 3, 4], y: [0, 6, 7, 8, 4, 10], lost: 1 }, 3]);
});

Deno.test("a smoothed line is an exponential mean that begins at the first value", () => {
  const y = [4, 0, 2, 8];
  const { y: found } = lineOf({ x: [0, 1, 2, 3], y }, 0.5);
  const means = y.map((_, last) => {
    const weights = y.slice(0, last + 1).map((_, i) => 0.5 ** (last - i));
    const sum = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce((mean, weight, i) => mean + weight * y[i]! / sum, 0);
  });
  for (const [i, mean] of means.entries()) assert(Math.abs(found[i]! - mean) < 1e-12);
  assertEquals(found[0], 4);
});

Deno.test("a long line keeps its ends and its highest and lowest values", () => {
  const count = 100_001;
  const x = Array.from({ length: count }, (_, i) => i);
  const y = x.map((i) => Math.sin(i / 5000));
  [y[50_000], y[70_001]] = [9, -9];
  [y[0], y[100_000]] = [y[5]!, y[99_990]!]; // neither the highest nor the lowest
  const line = lineOf({ x, y }, 0);
  assertEquals([line.x[0], line.x.at(-1)], [0, 100_000]);
  assert(line.x.length <= 2000 && line.x.length > 1000, `${line.x.length}`);
  assertEquals([line.y[line.x.indexOf(50_000)], line.y[line.x.indexOf(70_001)]], [9, -9]);
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

Deno.test("parts of the data share a chart, and names of columns tell the axis", () => {
  const measures = ["loss", "val_loss", "train/f1", "eval/f1", "lr", "test", "f1-dev"];
  assertEquals([...panelsOf(measures, false)], [
    ["loss", ["loss", "val_loss"]],
    ["f1", ["train/f1", "eval/f1", "f1-dev"]],
    ["lr", ["lr"]],
    ["test", ["test"]],
  ]);
  assertEquals(panelsOf(measures, true).size, measures.length);
  assertEquals(axesOf(["Epoch", "loss", "global_step", "steps_per_second", "iteration"]), [
    "global_step",
    "iteration",
    "Epoch",
  ]);
});

async function stepsOf(path: string, content: string | Uint8Array, most = 1e6) {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  const [found] = await findSteps(fakeVersion(new Map([[path, bytes]])));
  return found && await readSteps(found, { most });
}

Deno.test("CSV, JSON Lines and Parquet have the same steps", async () => {
  const rows = historyOf(2, 3000);
  for (const form of ["csv", "jsonl", "parquet"] as const) {
    const { columns, ...rest } = (await stepsOf(`h.${form}`, await historyBytes(form, rows)))!;
    assertEquals(rest, { rows: 3000, isAll: true, problem: undefined, moreColumns: 0 }, form);
    assertEquals([...columns.keys()].sort(), ["epoch", "loss", "lr", "step", "val_loss"], form);
    for (const name of ["step", "loss", "val_loss"] as const) {
      assertEquals(columns.get(name), rows.map((row) => row[name] ?? NaN), `${form} ${name}`);
    }
  }
});

Deno.test("words, empty cells, keys that begin later and half a line leave gaps", async () => {
  const csv = await stepsOf("a.csv", "step,loss,note,empty\n1,nan,x,\n2,0.5,y,\n3,inf,z,\n");
  assertEquals([...csv!.columns], [["step", [1, 2, 3]], ["loss", [Infinity, 0.5, Infinity]]]);
  const lines = '{"step":1,"loss":NaN,"a":"b"}\n\n{"step":2,"loss":-Infinity}\n' +
    '{"step":3,"loss":1,"acc":0.5}\n[1]\n{"step":4,"lo';
  const { columns } = (await stepsOf("a.jsonl", lines))!;
  const kept = (name: string) => columns.get(name)!.filter((value) => !Number.isNaN(value));
  assertEquals(["step", "loss", "acc"].map(kept), [[1, 2, 3], [Infinity, Infinity, 1], [0.5]]);
  assertEquals(columns.get("acc")!.indexOf(0.5), columns.get("step")!.indexOf(3));
});

Deno.test("only tables with steps have curves, or those that the metadata names first", async () => {
  assertEquals(await stepsOf("a.csv", "batch,loss\n1,2\n"), undefined);
  assertEquals(await stepsOf("a.csv", "step\n1\n"), undefined);
  assertEquals(await stepsOf("a.csv", "step,loss\none,2\n"), undefined);
  assertEquals(await stepsOf("a.jsonl", '"text"\n'), undefined);
  const nested = '{"step": 1, "test": {"loss": 0.5, "note": "a"}, "list": [1], "_time": 3}\n' +
    '{"step": 2, "test": {"loss": "NaN"}, "_time": "-Infinity"}\n';
  const groups = (await stepsOf("b.jsonl", nested))!.columns;
  assertEquals(Object.fromEntries(groups), {
    step: [1, 2],
    "test.loss": [0.5, Infinity],
    _time: [3, Infinity],
  });
  assertEquals(await stepsOf("a.parquet", "PAR1 damaged"), undefined);
  const text = encoder.encode("minutes,loss\n1,2\n");
  const files = ["a.csv", "b.csv"].map((path) => [path, text] as const);
  const version = { ...fakeVersion(new Map(files)), metadata: { curves: "b.csv" } };
  assertEquals((await findSteps(version)).map(({ file }) => file.path), ["b.csv"]);
});

slowTest("a large file is read up to a limit, and little of it to find its columns", async () => {
  const row = encoder.encode("1234567,0.5\n");
  const head = encoder.encode("step,loss  \n");
  const byteAt = (at: number) => at < 12 ? head[at]! : row[at % 12]!;
  const file = fakeFile("large.csv", { size: 1_200_000_012, byteAt });
  const [found] = await findSteps({ ...fakeVersion(new Map()), files: [file] });
  assert(file.bytesRead() < 1e6, `${file.bytesRead()}`);
  const { rows, isAll } = await readSteps(found!, { most: 200_000 });
  assertEquals([rows, isAll], [100_000, false]);
  assert(file.bytesRead() < 4e6, `${file.bytesRead()}`);
});

Deno.test("rows before one that cannot be read are drawn", async () => {
  const content = `step,loss\n1,0.5\n2,0.25\n"${"x".repeat(10_000_000)}`;
  const { rows, isAll, problem, columns } = (await stepsOf("a.csv", content))!;
  assertEquals([rows, isAll, columns.get("loss")], [2, false, [0.5, 0.25]]);
  assertStringIncludes(problem!, "a row is longer than");
  const lines = '{"step":1,"loss":0.5}\n{"step":2,"loss":0.25}\n{"step":3,"loss":0.1,"note":"';
  const head = encoder.encode(lines);
  const byteAt = (at: number) => head[at] ?? 0x78;
  const file = fakeFile("a.jsonl", { size: 1_000_000_000, byteAt });
  const [found] = await findSteps({ ...fakeVersion(new Map()), files: [file] });
  const last = await readSteps(found!, { most: 1e6 });
  assertEquals([last.rows, last.isAll, last.columns.get("loss")], [2, false, [0.5, 0.25]]);
  assertStringIncludes(last.problem!, "a line exceeds");
  assert(file.bytesRead() < 10e6, `${file.bytesRead()}`);
});

Deno.test("keys that each line adds take no memory", async () => {
  const line = (_: unknown, step: number) =>
    JSON.stringify({
      step,
      ...Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`${step} ${i}`, 1])),
    });
  const bytes = encoder.encode(Array.from({ length: 100 }, line).join("\n"));
  const [found] = await findSteps(fakeVersion(new Map([["a.jsonl", bytes]])));
  const { columns, rows } = await readSteps(found!, { most: 1e6 });
  assertEquals([found!.source.columns.length, columns.size, rows], [50, 50, 100]);
});
