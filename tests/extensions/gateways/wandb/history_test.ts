// Rows that are kept for the next pages of a history.
import { assert, assertEquals } from "@std/assert";
import { type History, RowsAhead } from "../../../../extensions/gateways/wandb/history.ts";
import { END, open } from "./open_wandb.ts";

/** A history of points, which counts how often it is read. */
function historyOf(points: readonly object[], isMerged: boolean) {
  const history = {
    reads: 0,
    state: "run",
    startedMs: 0,
    isMerged,
    async *points() {
      await Promise.resolve(history.reads++);
      for (const point of points) yield JSON.stringify(point);
    },
  };
  return history;
}

const LONG = "x".repeat(2 ** 20);
const stepsOf = async (rows: ReturnType<RowsAhead["of"]>) =>
  (await Array.fromAsync(rows)).map(({ _step }) => _step);

Deno.test("pages of a long history read it once for many, also with steps in another order", async () => {
  const steps = [...Array(40).keys(), ...Array(20).keys()], ahead = new RowsAhead();
  const history = historyOf(steps.map((step) => ({ long: LONG, step })), false);
  const wanted = (first: number, end: number) =>
    steps.filter((step) => step >= first && step < end).sort((one, other) => one - other);
  for (let first = 0; first < 40; first += 2) {
    assertEquals(
      await stepsOf(ahead.of(history, { first, end: first + 2 })),
      wanted(first, first + 2),
    );
  }
  assert(history.reads < 10, `${history.reads}`);
  assertEquals(await stepsOf(ahead.of(history, { first: 3, end: 30 })), wanted(3, 30));
  history.reads = 0;
  const all = await stepsOf(ahead.of(history, { first: 3, end: Infinity }));
  assertEquals(all, steps.filter((step) => step >= 3)); // in the order of the client
  assertEquals(history.reads, 1);
});

Deno.test("rows of other programs come by step, each with all its points, and never all at once", async () => {
  const steps = Array.from({ length: 50 }, (_, at) => at * 7 % 50);
  const points = [
    ...steps.map((step) => ({ step, long: LONG, _time: step })),
    ...steps.map((step) => ({ step, n: { acc: step }, _time: 100 })),
  ];
  const history: History & { reads: number } = historyOf(points, true);
  let at = 0;
  for await (const row of new RowsAhead().of(history, { first: -Infinity, end: Infinity })) {
    assertEquals([row._step, row["n.acc"], row.long === LONG, row._runtime], [at, at++, true, 100]);
  }
  assertEquals(at, 50);
  assert(history.reads > 2 && history.reads < 20, `${history.reads}`);
});

Deno.test("many points of one step are one row, which is read once", async () => {
  const points = Array.from({ length: 100 }, (_, at) => ({ step: 0, long: LONG, at }));
  const history = historyOf(points, true);
  const rows = await Array.fromAsync(new RowsAhead().of(history, { first: 0, end: Infinity }));
  assertEquals([rows.length, rows[0]!.at, history.reads], [1, 99, 1]);
  const few = historyOf([...points, { step: 1, at: 100 }], true);
  assertEquals(await stepsOf(new RowsAhead().of(few, { first: 0, end: Infinity })), [0, 1]);
  assertEquals(few.reads, 1);
});

Deno.test("a sample has as many rows as are asked for, and a page all rows or none", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [...Array(10_001).keys()], END);
  const asked = { project: "digits", run: "abc" };
  const sampled = async (samples: number) => {
    const { data } = await service.ask("RunFullHistory", { ...asked, samples });
    const steps = data.project.run.history.map((row: string) => JSON.parse(row)._step);
    return [steps.length, steps[0], steps.at(-1)];
  };
  for (const samples of [2, 3, 500, 9999]) {
    assertEquals(await sampled(samples), [samples, 0, 10_000]);
  }
  assertEquals(await sampled(1), [1, 0, 0]);
  const steps = { minStep: 0, maxStep: 20_000 };
  const spec = JSON.stringify({ keys: ["loss"], ...steps, samples: 20_000 });
  for (const [name, more] of [["HistoryPage", steps], ["SampledHistoryPage", { spec }]] as const) {
    const { errors } = await service.ask(name, { ...asked, ...more });
    assertEquals(errors[0].message, "A page has more than 10000 rows. Pass a smaller page_size.");
  }
});

Deno.test("pages of a history have all its rows, also those of a program that goes on", async () => {
  await using service = await open();
  const losses = async (minStep: number, maxStep: number) => {
    const asked = { project: "digits", run: "abc", minStep, maxStep, pageSize: 1 };
    const { history } = (await service.ask("HistoryPage", asked)).data.project.run;
    return history.map((row: string) => JSON.parse(row).loss);
  };
  await service.begin();
  await service.lines(0, [0, 1, 2]);
  assertEquals(await losses(1, 5), [1, 2]);
  await service.lines(3, [3, 4]);
  assertEquals(await losses(3, 5), [3, 4]);
  await service.lines(0, [10, 11], END);
  assertEquals([await losses(1, 2), await losses(0, 1)], [[1, 11], [0, 10]]);
});

Deno.test("rows with images alone count as the last ones of a run that has ended", async () => {
  await using service = await open();
  await service.begin();
  const at = (step: number) => ({ _step: step, _timestamp: 1e9 + step, _runtime: step });
  const lines = [{ ...at(0), loss: 1 }, { ...at(7), image: { _type: "image-file" } }];
  const content = lines.map((line) => JSON.stringify(line));
  await service.stream({ files: { "wandb-history.jsonl": { offset: 0, content } }, ...END });
  const [tail] = JSON.parse((await service.known()).historyTail);
  assertEquals(JSON.parse(tail), { _step: 7, _runtime: 7 });
  const { run } = (await service.ask("Run", { project: "digits", name: "abc" })).data.project;
  assertEquals(run.historyKeys.lastStep, 7);
});

Deno.test("a run without a history has no last row, so clients resume it at step 0", async () => {
  await using service = await open();
  await service.begin();
  assertEquals((await service.known()).historyTail, "[]"); // client 0.22 goes on at -1 after one at -1
  await service.stream(END);
  assertEquals((await service.known()).historyTail, "[]");
});
