// Runs on this machine, on an engine and in tasks of an array begin and end steps alike.
import { assertEquals } from "@std/assert";
import { runPipeline, shareRun } from "../../../../operators/runner/mod.ts";
import type { Pipeline, RunResult } from "../../../../operators/runner/mod.ts";
import { type CarriedWorld, testCarried } from "./carried_world.ts";
import { advance, type CarriedRun } from "../../../../operators/runner/carry/carried_run.ts";
import type { PipelineStep } from "../../../../operators/contract/pipeline.ts";
import { Frontier } from "../../../../operators/runner/frontier.ts";
import type { PlannedStep } from "../../../../operators/runner/plan.ts";
import { findDependencies } from "../../../../operators/runner/sources.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { ends } from "../world.ts";

const WAYS: Record<string, (steps: Pipeline, world: CarriedWorld) => Promise<RunResult>> = {
  "on this machine": (steps, { options: { carry: _, ...options } }) => runPipeline(steps, options),
  async "on an engine"(steps, world) {
    await using _worker = await world.work(steps);
    return await runPipeline(steps, world.options);
  },
  async "in tasks of an array"(steps, { options: { carry: _, ...options }, ran }) {
    const array = `array ${ran.length}`;
    const tasks = [0, 1].map((index) =>
      shareRun(steps, { ...options, shard: { index, count: 2 }, array })
    );
    return (await Promise.all(tasks))[0]!;
  },
};

/** An unchanged step between two that run again. It reads nothing of the first. */
const around = (lr: number) =>
  pipeline([
    step("first", { operator: "note", params: { lr } }),
    step("between", { operator: "note", inputs: { data: "registry:data" }, upstream: ["first"] }),
    step("last", { operator: "note", upstream: ["between"], params: { lr } }),
  ]);

for (const [way, run] of Object.entries(WAYS)) {
  testCarried(`a step waits for those before an unchanged one, ${way}`, async (world) => {
    const { operators, registry, ran, events } = world;
    let broken = false;
    add(operators, "note", ({ operatorId }) => ran.push(operatorId) && (broken ? 2 : 0));
    await registry.save("data", "a ");
    assertEquals((await run(around(1), world)).end, "ok");
    await run(around(2), world);
    assertEquals(ran, ["first", "between", "last", "first", "last"]);

    broken = true;
    events.length = 0;
    const failed = await run(around(3), world);
    const expected = { first: "failed", between: "blocked", last: "blocked" };
    assertEquals([failed.end, ends(failed.steps)], ["failed", expected]);
    assertEquals(ran.slice(5), ["first"]);
    const told = events.flatMap((event) => event.type === "step ended" ? [event.step] : []);
    const processes = way === "in tasks of an array" ? 2 : 1;
    assertEquals(told.length, 3 * processes, "each process reports each step once");
  });
}

/** A run whose due steps are the ready ones. Counts the steps that are asked for. */
function runOf(steps: PipelineStep[]): { run: CarriedRun; frontier: Frontier; asked: string[] } {
  const dependencies = findDependencies(pipeline(steps));
  const planned = dependencies.order.map((step) => ({ step, decision: "run" } as PlannedStep));
  const frontier = new Frontier(planned, dependencies);
  const asked: string[] = [];
  const update = (ids: Iterable<string>) => {
    asked.push(...ids);
    return Promise.resolve(
      new Map([...ids].filter((id) => frontier.isReady(id)).map((id) => [id, {}])),
    );
  };
  const run = { context: { dependencies }, state: { frontier, update } } as unknown as CarriedRun;
  return { run, frontier, asked };
}

Deno.test("steps begin after one that ended instead of beginning", async () => {
  const { run, frontier } = runOf([step("lost"), step("next", { upstream: ["lost"] })]);
  const begun: string[] = [];
  const ended = await advance(run, ["lost", "next"], (id) => {
    if (id === "lost") frontier.end(id, { outcome: { end: "ran", durationMs: 0 } });
    else begun.push(id);
    return Promise.resolve(id !== "lost");
  });
  assertEquals([ended, begun], [false, ["next"]]);
});

Deno.test("each step after a failed one is read once", async () => {
  const rows = [0, 1, 2, 3, 4, 5];
  const steps = rows.flatMap((row) =>
    rows.map((at) =>
      step(`${row}.${at}`, { upstream: row > 0 ? rows.map((other) => `${row - 1}.${other}`) : [] })
    )
  );
  const { run, frontier, asked } = runOf(steps);
  for (const at of rows) frontier.end(`0.${at}`, { outcome: { end: "failed", durationMs: 0 } });
  assertEquals(await advance(run, ["0.0"], () => Promise.resolve(true)), true);
  assertEquals(asked.length, steps.length - rows.length + 1);
});
