// Runs on an engine that takes only some jobs at once, as a cluster with a limit for each user.
import { assertEquals, assertRejects } from "@std/assert";
import type { Engine } from "../../../../operators/contract/engine.ts";
import { pipelineReasons } from "../../../../operators/contract/reasons.ts";
import { RegistryError, unavailable } from "../../../../core/errors.ts";
import { realSystem, type System } from "../../../../core/system.ts";
import { readResult, runPipeline, submitRun } from "../../../../operators/runner/mod.ts";
import { createRunHandler } from "../../../../operators/runner/mod.ts";
import { attemptsOf } from "../../../../operators/runner/records/failures.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends } from "../world.ts";
import { testCarried } from "./carried_world.ts";

/** Three chains of two steps. */
const CHAINS = pipeline(["a", "b", "c"].flatMap((id) => [
  step(id, { operator: "clean" }),
  step(`${id}2`, { operator: "clean", upstream: [id] }),
]));
const ENDS = { a: "ran", a2: "ran", b: "ran", b2: "ran", c: "ran", c2: "ran" };

/** An engine that refuses jobs while so many of a run wait or run. It never delivers one again. */
function limited(engine: Engine, limit: { most: number; refusals: number }): Engine {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...engine,
    redelivers: false,
    submit(step, options) {
      const next = last.then(async () => {
        const jobs = await engine.list(step.run);
        const open = jobs.filter(({ state }) => state === "waiting" || state === "running");
        const isKnown = open.some(({ name }) => name === step.name);
        if (isKnown || open.length < limit.most) return await engine.submit(step, options);
        limit.refusals++;
        throw unavailable("submit", undefined, "too many jobs", {
          hint: "Wait.",
          reason: pipelineReasons.of("engine_full"),
        });
      });
      last = next.catch(() => {});
      return next;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A clock that sleep moves, so that waits take no time. */
function quickSystem(onSleep: (ms: number) => void = () => {}): System {
  let sleptMs = 0;
  return {
    ...realSystem,
    monotonic: () => realSystem.monotonic() + sleptMs,
    async sleep(ms, signal) {
      await realSystem.sleep(0, signal);
      sleptMs += ms;
      onSleep(ms);
    },
  };
}

for (const most of [1, 2, 5]) {
  testCarried(`a watched run ends on an engine for ${most} jobs at once`, async (world) => {
    const limit = { most, refusals: 0 };
    const carry = { engine: limited(world.engine, limit) };
    const options = { ...world.options, carry, system: quickSystem() };
    const handler = createRunHandler([CHAINS], world.options); // only the watcher submits
    await using _worker = await world.queue.work(handler, { concurrency: 2 });
    const result = await runPipeline(CHAINS, options);
    assertEquals([result.end, ends(result.steps)], ["ok", ENDS]);
    assertEquals(world.ran.toSorted(), Object.keys(ENDS));
    assertEquals(limit.refusals > 0, most < 3);
  });
}

testCarried("a watched run waits for an engine that has no place at first", async (world) => {
  const limit = { most: 0, refusals: 0 };
  const carry = { engine: limited(world.engine, limit) };
  let sleptMs = 0;
  const system = quickSystem((ms) => {
    if ((sleptMs += ms) > 11 * 60_000) limit.most = 2; // longer than any outage
  });
  await using _worker = await world.work(CHAINS);
  const { end } = await runPipeline(CHAINS, { ...world.options, carry, system });
  assertEquals([end, limit.refusals > 15], ["ok", true]);
});

for (const most of [2, 3]) {
  testCarried(`a detached run ends on an engine for ${most} jobs at once`, async (world) => {
    const limit = { most, refusals: 0 };
    const carry = { engine: limited(world.engine, limit) };
    const options = { ...world.options, carry, system: quickSystem() };
    const run = await submitRun(CHAINS, options);
    await using _worker = await world.queue.work(createRunHandler([CHAINS], options), {
      concurrency: 1, // a job that waited for a place would keep it
    });
    let result;
    while ((result = await readResult(world.registry, run)) === undefined) {
      await realSystem.sleep(5);
    }
    assertEquals([result.end, ends(result.steps)], ["ok", ENDS]);
    assertEquals(world.ran.toSorted(), Object.keys(ENDS));
    const failures = await attemptsOf(world.registry, { run, step: "b2" });
    assertEquals(failures.filter(({ record }) => record.kind === "failure"), []);
  });
}

testCarried("a detached run that has no place at first is cancelled", async (world) => {
  const carry = { engine: limited(world.engine, { most: 0, refusals: 0 }) };
  const error = await assertRejects(
    () => submitRun(CHAINS, { ...world.options, carry }),
    RegistryError,
    "too many jobs",
  );
  assertEquals(error.reason?.kind, "engine_full");
  assertEquals((await readResult(world.registry, "nightly@1"))?.end, "cancelled");
});

testCarried("a run says once why its steps wait", async (world) => {
  const WHY = "Nodes required for job are DOWN, DRAINED or reserved";
  let polls = 0;
  const engine: Engine = {
    ...world.engine,
    async poll(ids, options) {
      const jobs = await world.engine.poll(ids, options);
      if (++polls === 4) await world.work(CHAINS);
      const isWaiting = (state: string) => state === "waiting" && polls < 4;
      return jobs.map((job) => isWaiting(job.state) ? { ...job, reason: WHY } : job);
    },
    [Symbol.asyncDispose]: () => world.engine[Symbol.asyncDispose](),
  };
  const warnings: unknown[] = [];
  const log = (...args: unknown[]) => void warnings.push(args.join(" "));
  const logger = { debug() {}, info() {}, warn: log, error: log };
  const options = { ...world.options, carry: { engine }, system: quickSystem(), logger };
  assertEquals((await runPipeline(CHAINS, options)).end, "ok");
  assertEquals(warnings, [`step "a" waits: ${WHY}`]);
});
