import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../../core/errors.ts";
import {
  type Pipeline,
  planPipeline,
  readResult,
  runPipeline,
  runStep,
} from "../../../../operators/runner/mod.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { countOf, testInWorld, textOf, threeSteps, type World } from "../world.ts";

/** Plans a run whose steps other processes execute. */
async function planned(pipeline: Pipeline, options: World): Promise<string> {
  return await saveRun(options.registry, await planPipeline(pipeline, options));
}

testInWorld("runStep() reads outputs of its own run", async (options) => {
  const { registry } = options;
  await registry.save("data:raw", "a ");
  const run = await planned(threeSteps(), options);
  await registry.save("data:raw", "newer ");
  assertEquals((await runStep(threeSteps(), { ...options, run, step: "clean" })).end, "ran");
  await runPipeline(threeSteps(), options); // another run, with what is newer
  assertEquals((await runStep(threeSteps(), { ...options, run, step: "report" })).end, "ran");
  assertEquals(await textOf(registry, "data:report"), "a clean report ");
});

testInWorld("a repeated or concurrent delivery does not repeat a step", async (options) => {
  const { registry, operators, ran } = options;
  const both = Promise.withResolvers<void>();
  add(operators, "slow", async ({ outputRoot, operatorId }) => {
    if (ran.push(operatorId) === 2) both.resolve();
    await both.promise;
    await Deno.writeTextFile(`${outputRoot}/text`, "once");
  });
  const steps = pipeline([step("slow", { outputs: { text: "registry:once" } })]);
  const run = await planned(steps, options);
  const deliver = () => runStep(steps, { ...options, run, step: "slow" });
  const ends = await Promise.all([deliver(), deliver()]);
  assertEquals([ends.map(({ end }) => end), ran.length], [["ran", "ran"], 2]);
  assertEquals((await deliver()).end, "ran");
  assertEquals(ran.length, 2);
  for (const name of ["once", "nightly:step:slow"]) {
    assertEquals(await countOf(registry, name), 1, name);
  }
});

testInWorld("attempts continue after a process died between two", async (options) => {
  const { registry, operators, ran } = options;
  const stop = new AbortController();
  add(operators, "broken", () => ran.push("broken") && 3);
  const steps = pipeline([
    step("broken", { retries: { attempts: 3, backoffMs: 1, exitCodes: [3] } }),
  ]);
  const run = await planned(steps, options);
  const died = runStep(steps, {
    ...options,
    run,
    step: "broken",
    signal: stop.signal,
    onEvent: ({ type }) => type === "step retried" && stop.abort(new Error("died")),
  });
  await assertRejects(() => died, Error, "died");
  const outcome = await runStep(steps, { ...options, run, step: "broken" });
  assertEquals([outcome.end, outcome.attempts, outcome.record], [
    "failed",
    3,
    "nightly:failure:broken@1.3.0",
  ]);
  assertEquals(ran.length, 3);
  assertEquals((await runStep(steps, { ...options, run, step: "broken" })).end, "failed");
  assertEquals(ran.length, 3);
  assertEquals(await countOf(registry, "nightly:failure:broken"), 3);
});

testInWorld(
  "runStep() refuses steps and configurations that the run did not plan",
  async (options) => {
    const { registry, ran } = options;
    await registry.save("data:raw", "a ");
    const run = await planned(threeSteps(), options);
    const refused = async (
      expected: string,
      pipeline: Pipeline,
      more: { run?: string; step?: string },
    ) => {
      const given = { ...options, run, step: "clean", ...more };
      const error = await assertRejects(() => runStep(pipeline, given), RegistryError);
      assertEquals(error.code, expected, error.message);
    };
    await refused("Conflict", threeSteps(0.2), {});
    await refused("Conflict", threeSteps(), { step: "report" }); // clean has not ended
    await refused("NotFound", threeSteps(), { step: "nobody" });
    await refused("NotFound", threeSteps(), { run: "nightly@7" });
    await refused("Invalid", threeSteps(), { run: "nightly" });
    await refused("Invalid", threeSteps(), { run: "daily@1" });
    assertEquals(ran, []);
    assertEquals(await readResult(registry, run), undefined);
  },
);

testInWorld("a step reads what a step before its upstream step wrote by name", async (options) => {
  const { registry } = options;
  const steps = pipeline([
    step("clean", { inputs: { data: "registry:data:raw" }, outputs: { text: "registry:clean" } }),
    step("train", { upstream: ["clean"], inputs: { data: "registry:data:raw" } }),
    step("report", { upstream: ["train"], inputs: { data: "registry:clean" } }),
  ]);
  await registry.save("data:raw", "a ");
  const run = await planned(steps, options);
  for (const { id } of steps.steps) await runStep(steps, { ...options, run, step: id });
  assertEquals(await textOf(registry, "nightly:output:report"), "a clean report ");
});

testInWorld("a step fails if the record of a step that it reads is gone", async (options) => {
  const { registry, ran } = options;
  const steps = pipeline([
    step("clean", { outputs: { text: "registry:clean" } }),
    step("train", { upstream: ["clean"], inputs: { data: "registry:data:raw" } }),
    step("report", { upstream: ["train"], inputs: { data: "registry:clean" } }),
  ]);
  await registry.save("data:raw", "a ");
  const run = await planned(steps, options);
  for (const id of ["clean", "train"]) await runStep(steps, { ...options, run, step: id });
  await registry.delete("nightly:step:clean@1.0.0");
  const { end, reason } = await runStep(steps, { ...options, run, step: "report" });
  assertEquals([end, reason, ran], [
    "failed",
    'Cannot read output of step "clean": its record is missing',
    ["clean", "train"],
  ]);
});
