import { assertEquals } from "@std/assert";
import { realSystem, type System } from "../../../../core/system.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { planPipeline, runStep } from "../../../../operators/runner/mod.ts";
import { attemptsOf } from "../../../../operators/runner/records/failures.ts";
import { findFailures, saveFailure } from "../../../../operators/runner/records/failures.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { damageRecord } from "../../../registry/conformance/open_on.ts";
import { rejected } from "../../../registry/rejected.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { testInWorld } from "../world.ts";

const HOUR = 3_600_000;

testInWorld("attempts are found despite clock differences of an hour", async (options) => {
  const backend = createMemoryBackend();
  const machine = (offMs: number): System => ({
    ...realSystem,
    now: () => realSystem.now() + offMs,
  });
  await using planner = await openRegistry(backend, { system: machine(HOUR) });
  await using worker = await openRegistry(backend, { system: machine(-HOUR) });
  add(options.operators, "broken", () => 3);
  const steps = pipeline([step("clean"), step("broken")]);
  const run = await saveRun(planner, await planPipeline(steps, { ...options, registry: planner }));
  for (const step of ["clean", "broken"]) {
    await runStep(steps, { ...options, registry: worker, run, step });
    assertEquals((await attemptsOf(worker, { run, step })).map(({ record }) => record.step), [
      step,
    ]);
  }
  await damageRecord(backend, "nightly:step:clean@1.0.0");
  await rejected("Corrupt", attemptsOf(worker, { run, step: "clean" }));
});

Deno.test("failures are counted by shard and run", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  async function fail(attempt: number, index: number, { number = 2, again = true } = {}) {
    const record = {
      kind: "failure",
      run: `nightly@${number}`,
      step: "clean",
      node: "here",
      attempt,
      again,
      operator: "clean",
      effect: "e",
      startedAt: new Date(0).toISOString(),
      durationMs: 1,
      fingerprint: { inputs: {}, params: {}, code: "v1" },
      exitCode: 3,
      exit: "logic",
      error: { message: "no" },
    };
    const shard = { index, count: 2 };
    await saveFailure(registry, record as never, { metadata: {}, beside: {}, shard });
  }
  const known = () => findFailures(registry, { run: "nightly@2", step: "clean" });
  await fail(5, 0, { number: 1, again: false });
  for (const attempt of [1, 2, 3]) await fail(attempt, 0);
  await fail(1, 1);
  assertEquals((await known()).attempts, new Map([[0, 3], [1, 1]]));
  await fail(2, 1, { again: false });
  const { attempts, last } = await known();
  assertEquals([attempts.get(1), last?.record.attempt, last?.record.again], [2, 2, false]);
  await damageRecord(backend, "nightly:failure:clean@2.2.1");
  await rejected("Corrupt", known());
});
