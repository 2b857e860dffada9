// Runs on this machine, on an engine and in tasks of an array begin and end steps alike.
import { assertEquals } from "@std/assert";
import { carryPipeline, runPipeline, shareRun } from "../../../../operators/runner/mod.ts";
import type { Pipeline, RunResult } from "../../../../operators/runner/mod.ts";
import { type CarriedWorld, testCarried } from "./carried_world.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { ends } from "../world.ts";

const WAYS: Record<string, (steps: Pipeline, world: CarriedWorld) => Promise<RunResult>> = {
  "on this machine": (steps, { options: { carry: _, ...options } }) => runPipeline(steps, options),
  async "on an engine"(steps, world) {
    await using _worker = await world.work(steps);
    return await carryPipeline(steps, world.options);
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
