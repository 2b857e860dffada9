// Points that are kept for the next pages of a history.
import { assert, assertEquals } from "@std/assert";
import { PointsAhead } from "../../../../extensions/gateways/wandb/points.ts";
import { END, open } from "./open_wandb.ts";

Deno.test("pages of a long history read it once for many, also with steps in another order", async () => {
  const long = "x".repeat(2 ** 20), steps = [...Array(40).keys(), ...Array(20).keys()];
  let reads = 0;
  async function* points() {
    await Promise.resolve(reads++);
    for (const step of steps) yield JSON.stringify({ step, long });
  }
  const ahead = new PointsAhead();
  const page = async (first: number, end: number) => {
    const lines = await Array.fromAsync(ahead.of("run", points, { first, end }));
    return lines.map((line) => JSON.parse(line).step);
  };
  const wanted = (first: number, end: number) =>
    steps.filter((step) => step >= first && step < end);
  for (let first = 0; first < 40; first += 2) {
    assertEquals(await page(first, first + 2), wanted(first, first + 2));
  }
  assert(reads < 10, `${reads}`);
  assertEquals(await page(3, Infinity), wanted(3, Infinity));
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
