import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LivePoints } from "../../src/curves/live_points.ts";
import { findSteps, readSteps, type Steps } from "../../src/curves/steps.ts";
import { summariesOf } from "../../src/curves/summary.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";
import { historyBytes, historyOf } from "../support/training.ts";
import { slowTest } from "../../../tests/support/seeds.ts";

const encoder = new TextEncoder();

/** Returns a value of a column for each row; undefined for rows without one. */
function cellsOf({ columns, rows }: Steps, name: string): (number | undefined)[] {
  const { rows: places, values } = columns.get(name)!;
  return Array.from({ length: rows }, (_, row) => values[places.indexOf(row)]);
}

async function stepsOf(path: string, content: string | Uint8Array, most = 1e6) {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  const [found] = await findSteps(fakeVersion(new Map([[path, bytes]])));
  return found && await readSteps(found, { most });
}

Deno.test("CSV, JSON Lines and Parquet have the same steps", async () => {
  const rows = historyOf(2, 3000);
  for (const form of ["csv", "jsonl", "parquet"] as const) {
    const steps = (await stepsOf(`h.${form}`, await historyBytes(form, rows)))!;
    const { columns, ...rest } = steps;
    assertEquals(rest, { rows: 3000, isAll: true, problem: undefined, moreColumns: 0 }, form);
    assertEquals([...columns.keys()].sort(), ["epoch", "loss", "lr", "step", "val_loss"], form);
    for (const name of ["step", "loss", "val_loss"] as const) {
      assertEquals(
        cellsOf(steps, name),
        rows.map((row) => row[name] ?? undefined),
        `${form} ${name}`,
      );
    }
  }
});

Deno.test("words, empty cells, keys that begin later and half a line have no number", async () => {
  const csv = (await stepsOf("a.csv", "step,loss,note,empty\n1,nan,x,\n2,0.5,y,\n3,-inf,z,\n"))!;
  assertEquals([...csv.columns.keys()], ["step", "loss"]);
  assertEquals(cellsOf(csv, "loss"), [NaN, 0.5, -Infinity]);
  const lines = '{"step":1,"loss":NaN,"a":"b, NaN"}\n\n{"step":2,"loss":-Infinity}\n' +
    '{"step":3,"loss":1,"acc":0.5,"list":["NaN"]}\n[1]\n{"step":4,"lo';
  const steps = (await stepsOf("a.jsonl", lines))!;
  assertEquals([...steps.columns.keys()], ["step", "loss", "acc"]);
  assertEquals(cellsOf(steps, "step"), [1, 2, 3]);
  assertEquals(cellsOf(steps, "loss"), [NaN, -Infinity, 1]);
  assertEquals(cellsOf(steps, "acc"), [undefined, undefined, 0.5]);
});

Deno.test("only tables with steps have curves, or those that the metadata names first", async () => {
  assertEquals(await stepsOf("a.csv", "batch,loss\n1,2\n"), undefined);
  assertEquals(await stepsOf("a.csv", "step\n1\n"), undefined);
  assertEquals(await stepsOf("a.csv", "step,loss\none,2\n"), undefined);
  assertEquals(await stepsOf("a.jsonl", '"text"\n'), undefined);
  const nested = '{"step": 1, "test": {"loss": 0.5, "note": "a"}, "list": [1], "_time": 3}\n' +
    '{"step": 2, "test": {"loss": "NaN"}, "_time": "-Infinity"}\n';
  const { columns } = (await stepsOf("b.jsonl", nested))!;
  assertEquals([...columns].map(([name, { values }]) => [name, values]), [
    ["step", [1, 2]],
    ["test.loss", [0.5, NaN]],
    ["_time", [3, -Infinity]],
  ]);
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
  assertEquals([rows, isAll, columns.get("loss")!.values], [2, false, [0.5, 0.25]]);
  assertStringIncludes(problem!, "a row is longer than");
  const lines = '{"step":1,"loss":0.5}\n{"step":2,"loss":0.25}\n{"step":3,"loss":0.1,"note":"';
  const head = encoder.encode(lines);
  const byteAt = (at: number) => head[at] ?? 0x78;
  const file = fakeFile("a.jsonl", { size: 1_000_000_000, byteAt });
  const [found] = await findSteps({ ...fakeVersion(new Map()), files: [file] });
  const last = await readSteps(found!, { most: 1e6 });
  assertEquals([last.rows, last.isAll, last.columns.get("loss")!.values], [2, false, [0.5, 0.25]]);
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
  const { columns, rows, moreColumns } = await readSteps(found!, { most: 1e6 });
  assertEquals([found!.source.columns.length, columns.size, rows], [1000, 1000, 100]);
  assertEquals(moreColumns, 1000); // it counts no more
});

Deno.test("steps are read beside any number of measures, in each form and place", async () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);
  for (const count of [49, 50, 60, 1000, 1200]) {
    const row = (step: number) =>
      Object.fromEntries(names(count).map((name, i) => [name, i * step]));
    const rows = [1, 2, 3].map((step) => ({ ...row(step), step }));
    const text = rows.map((row) => JSON.stringify(row)).join("\n");
    const csv = [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))].join("\n");
    const live = new LivePoints();
    live.add(text);
    const all = {
      jsonl: await stepsOf("a.jsonl", text),
      csv: await stepsOf("a.csv", csv),
      live: live.steps,
    };
    for (const [form, steps] of Object.entries(all)) {
      assertEquals(steps!.columns.get("step")!.values, [1, 2, 3], `${form} of ${count}`);
      assertEquals(steps!.columns.get("m7")!.values, [7, 14, 21], `${form} of ${count}`);
      assertEquals(steps!.columns.size, Math.min(count, 1000) + 1, `${form} of ${count}`);
      assertEquals(steps!.moreColumns, Math.max(0, count - 1000), `${form} of ${count}`);
    }
  }
  const wide = names(20_000).map((name) => `"${name}${"-".repeat(20)}":1`);
  const first = await stepsOf("a.jsonl", `{${wide.join()},"step":1}\n{"step":2}`);
  assertEquals(first!.columns.get("step")!.values, [1, 2]);
});

Deno.test("points of a live run are read once, up to a limit of numbers", () => {
  const live = new LivePoints(2, 10);
  assertEquals(live.steps, undefined);
  live.add('{"step":1,"loss":2}\n{"step":2,"loss":"NaN"}\n');
  const before = live.steps!;
  live.add("");
  assertEquals(live.steps === before, true);
  live.add('{"step":3,"loss":1}\n{"step":4,"loss":0.5}\n');
  const { columns, rows, isAll } = live.steps!;
  assertEquals([rows, isAll, columns.get("loss")!.values], [3, false, [2, NaN, 1]]);
});

Deno.test("a curve has a last value, and a best one if its name says which is better", async () => {
  const csv = "step,loss,acc,lr\n10,0.5,0.1,1\n20,0.2,0.9,2\n30,0.3,inf,3\n40,nan,0.4,4\n";
  assertEquals([...summariesOf((await stepsOf("a.csv", csv))!)], [
    ["loss", { last: NaN, best: { word: "min", value: 0.2, at: 20 } }],
    ["acc", { last: 0.4, best: { word: "max", value: 0.9, at: 20 } }],
    ["lr", { last: 4 }],
  ]);
});
