// Steps that waited for one are submitted although the engine or the registry is away as it ends.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type ErrorCode, fault, RegistryError } from "../../../../core/errors.ts";
import type { Engine } from "../../../../operators/contract/engine.ts";
import type { Registry } from "../../../../core/registry.ts";
import { realSystem, type System } from "../../../../core/system.ts";
import { createQueueEngine } from "../../../../operators/engines/queue.ts";
import {
  createRunHandler,
  readResult,
  runPipeline,
  runStep,
  submitRun,
  watchRun,
} from "../../../../operators/runner/mod.ts";
import { attemptsOf } from "../../../../operators/runner/records/failures.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { ends } from "../world.ts";
import { type CarriedWorld, testCarried } from "./carried_world.ts";

const STEPS = pipeline([step("clean"), step("train", { upstream: ["clean"] })]);

/** An engine whose next submissions fail, as often as `times` says. */
function failing(
  engine: Engine,
  failures: { times: number; code?: ErrorCode },
  more: Partial<Engine> = {},
): Engine {
  return {
    ...engine,
    ...more,
    async submit(step, options) {
      if (failures.times-- <= 0) return await engine.submit(step, options);
      const { code = "Unavailable" } = failures;
      throw fault({ code, action: "submit", state: "timed out", hint: "Wait." });
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A clock that sleep moves, so that patience takes no time. */
function quickSystem(): System {
  let sleptMs = 0;
  return {
    ...realSystem,
    monotonic: () => realSystem.monotonic() + sleptMs,
    async sleep(ms, signal) {
      await realSystem.sleep(0, signal);
      sleptMs += ms;
    },
  };
}

/** Resolves when the run has a result. */
async function ended(registry: Registry, run: string) {
  for (;;) {
    const result = await readResult(registry, run);
    if (result !== undefined) return result;
    await realSystem.sleep(5);
  }
}

for (const code of ["Unavailable", "Unknown"] as const) {
  for (const times of [1, 4]) {
    testCarried(`a detached run survives ${times} × ${code} of its engine`, async (world) => {
      const failures = { times: 0, code };
      const carry = { engine: failing(world.engine, failures, { redelivers: false }) };
      const options = { ...world.options, carry };
      const run = await submitRun(STEPS, options);
      failures.times = times;
      await using _worker = await world.queue.work(createRunHandler([STEPS], options));
      assertEquals((await ended(world.registry, run)).end, "ok");
      assertEquals(failures.times < 0, true);
    });
  }
}

testCarried("a queue delivers a step again whose next steps it did not take", async (world) => {
  const failures = { times: 0 };
  const system = quickSystem();
  const queue = createMemoryQueue({ system });
  const engine = failing(createQueueEngine(queue), failures);
  const options = { ...world.options, carry: { engine }, system };
  const run = await submitRun(STEPS, options);
  failures.times = Infinity;
  const events: string[] = [];
  await using _worker = await queue.work(createRunHandler([STEPS], options), {
    onEvent({ event }) {
      events.push(event);
      if (event === "failed") failures.times = 0;
    },
  });
  assertEquals((await ended(world.registry, run)).end, "ok");
  assertEquals(world.ran, ["clean", "train"]);
  assertEquals(events.slice(0, 4), ["started", "failed", "started", "done"]);
});

for (const code of ["Unavailable", "Unsupported", "Invalid"] as const) {
  testCarried(`a step that cannot be submitted (${code}) shows why`, async (world) => {
    const { registry } = world;
    const failures = { times: 0, code };
    const carry = { engine: failing(world.engine, failures, { redelivers: false }) };
    const options = { ...world.options, carry, system: quickSystem() };
    const run = await submitRun(STEPS, options);
    failures.times = Infinity;
    const error = await assertRejects(
      () => runStep(STEPS, { ...options, run, step: "clean" }),
      RegistryError,
    );
    assertEquals(error.code, code);
    const [{ outcome, record }] = await attemptsOf(registry, { run, step: "train" });
    assertStringIncludes(outcome.reason!, 'Cannot submit step "train": Cannot submit: timed out');
    assertEquals(record.kind === "failure" && record.again, true);

    failures.times = 0; // somebody watches the run, where the engine answers
    await using _worker = await world.work(STEPS);
    const result = await watchRun(STEPS, { ...world.options, run });
    assertEquals(ends(result.steps), { clean: "ran", train: "ran" });
  });
}

for (const detached of [true, false]) {
  const how = detached ? "submitRun" : "runPipeline";
  testCarried(`${how}: a run whose first steps cannot be submitted is cancelled`, async (world) => {
    const start = detached ? submitRun : runPipeline;
    const two = pipeline([step("clean"), step("train")]);
    const failures = { times: Infinity };
    const engine = failing(world.engine, failures);
    const options = { ...world.options, carry: { engine }, system: quickSystem() };
    await assertRejects(() => start(two, options), RegistryError, "timed out");
    const { end, steps } = (await readResult(world.registry, "nightly@1"))!;
    assertEquals([end, ends(steps)], ["cancelled", { clean: "cancelled", train: "cancelled" }]);
  });
}

testCarried("a run begins although its engine refuses a step once", async (world) => {
  const carry = { engine: failing(world.engine, { times: 1 }) };
  await using _worker = await world.work(STEPS);
  assertEquals((await runPipeline(STEPS, { ...world.options, carry })).end, "ok");
});

/** A registry whose saves of a name are unavailable a few times. */
function unsavable(registry: Registry, name: string, failures: { times: number }): Registry {
  const save: Registry["save"] = async (...args: Parameters<Registry["save"]>) => {
    if (args[0] === name && failures.times-- > 0) {
      throw fault({ code: "Unavailable", action: "save", state: "no answer", hint: "Wait." });
    }
    return await registry.save(...args);
  };
  return new Proxy(registry, {
    get(target, key) {
      if (key === "save") return save;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const RECORDS: Record<string, [times: number, ran: string[]]> = {
  "nightly:failure:clean": [1, ["clean", "clean"]],
  "nightly:result": [3, ["clean"]],
};

for (const [name, [times, expected]] of Object.entries(RECORDS)) {
  testCarried(`a detached run survives failed saves of ${name}`, async (world: CarriedWorld) => {
    const failures = { times };
    const registry = unsavable(world.registry, name, failures);
    const isBroken = name.includes("failure");
    add(
      world.operators,
      "broken",
      ({ operatorId }) => world.ran.push(operatorId) && isBroken ? 3 : 0,
    );
    const steps = pipeline([step("clean", { operator: "broken" })]);
    const system = quickSystem();
    const queue = createMemoryQueue({ system });
    const options = {
      ...world.options,
      registry,
      system,
      carry: { engine: createQueueEngine(queue) },
    };
    const run = await submitRun(steps, options);
    await using _worker = await queue.work(createRunHandler([steps], options));
    const { end } = await ended(world.registry, run);
    assertEquals([end, world.ran], [isBroken ? "failed" : "ok", expected]);
  });
}
