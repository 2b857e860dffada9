import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError } from "../../../../core/errors.ts";
import {
  cancelRun,
  createRunHandler,
  readResult,
  runPipeline,
  submitRun,
  watchRun,
} from "../../../../operators/runner/mod.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { countOf, endless, ends, textOf, threeSteps } from "../world.ts";
import { type CarriedWorld, losing, testCarried } from "./carried_world.ts";
import type { Engine } from "../../../../operators/contract/engine.ts";

testCarried("a run on an engine ends like a local run", async (world) => {
  const { registry, options, ran } = world;
  await registry.save("data:raw", "a ");
  await using _worker = await world.work(threeSteps());
  const result = await runPipeline(threeSteps(), options);
  assertEquals([result.run, result.end], ["nightly@1", "ok"]);
  assertEquals(ends(result.steps), { clean: "ran", train: "ran", report: "ran" });
  assertEquals(ran.toSorted(), ["clean", "report", "train"]);
  assertEquals(await textOf(registry, "data:report"), "a clean report ");
  assertEquals(await readResult(registry, "nightly@1"), result);
  const { inputs } = await registry.info("data:report");
  const { digest } = await registry.info("nightly:output:clean");
  assertEquals(inputs, [{ ref: "nightly:output:clean@1.0.0", digest }]);
  const here = await runPipeline(threeSteps(), { ...options, carry: undefined });
  assertEquals(ends(here.steps), { clean: "skipped", train: "skipped", report: "skipped" });
});

testCarried("a run on an engine submits only affected steps", async (world) => {
  const { registry, options, queue, ran } = world;
  await registry.save("data:raw", "a ");
  await runPipeline(threeSteps(), { ...options, carry: undefined });
  const again = await runPipeline(threeSteps(), options); // nobody works
  assertEquals([again.end, ...Object.values(ends(again.steps))], [
    "ok",
    "skipped",
    "skipped",
    "skipped",
  ]);
  assertEquals(await queue.list(), []);
  await using _worker = await world.work(threeSteps(0.2));
  ran.length = 0;
  const changed = await runPipeline(threeSteps(0.2), options);
  assertEquals(ends(changed.steps), { clean: "skipped", train: "ran", report: "skipped" });
  assertEquals(ran, ["train"]);
});

testCarried("workers complete a run without a watcher", async (world) => {
  const { registry, options } = world;
  await registry.save("data:raw", "a ");
  const ended = Promise.withResolvers<void>();
  await using _worker = await world.work(threeSteps(), {
    onEvent: ({ event }) =>
      event === "done" &&
      void readResult(registry, "nightly@1").then((result) => result && ended.resolve()),
  });
  assertEquals(await submitRun(threeSteps(), options), "nightly@1");
  await ended.promise;
  assertEquals((await readResult(registry, "nightly@1"))?.end, "ok");
});

testCarried("a failed step on an engine is recorded, and not repeated", async (world) => {
  const { registry, operators, options, ran, engine } = world;
  add(operators, "broken", ({ operatorId }) => {
    ran.push(operatorId);
    return 2;
  });
  const steps = pipeline([step("broken"), step("report", { upstream: ["broken"] }), step("clean")]);
  await registry.save("data:raw", "a ");
  await using _worker = await world.work(steps);
  const result = await runPipeline(steps, options);
  assertEquals(result.end, "failed");
  assertEquals(ends(result.steps), { broken: "failed", report: "blocked", clean: "ran" });
  const { exit, record, reason } = result.steps.broken;
  assertEquals([exit, record], ["input", "nightly:failure:broken@1.1.0"]);
  assertStringIncludes(reason!, "2");
  const again = await watchRun(steps, {
    ...options,
    run: result.run,
    carry: { engine: losing(engine, 9) },
  });
  assertEquals(ends(again.steps), ends(result.steps));
  assertEquals(ran.filter((one) => one === "broken").length, 1);
});

testCarried("a lost job is submitted again under another name", async (world) => {
  const { registry, options, ran } = world;
  await registry.save("data:raw", "a ");
  await using _worker = await world.work(threeSteps());
  const engine = losing(world.engine, 2);
  const result = await runPipeline(threeSteps(), { ...options, carry: { engine } });
  assertEquals(result.end, "ok");
  assertEquals(ran.toSorted(), ["clean", "report", "train"]);
  const ofClean = engine.submitted.filter((name) => name.includes("-clean-"));
  assertEquals(ofClean.map((name) => /^nightly-1-clean-[0-9a-f]{16}-(\d)$/.exec(name)?.[1]), [
    "1",
    "2",
    "3",
  ]);
});

testCarried("a step without a result after all deliveries has failed", async (world) => {
  const { registry, options } = world;
  await registry.save("data:raw", "a ");
  const engine = losing(world.engine, Infinity);
  const result = await runPipeline(threeSteps(), { ...options, carry: { engine } });
  assertEquals(ends(result.steps), { clean: "failed", train: "blocked", report: "blocked" });
  assertEquals(engine.submitted.length, 3); // it may fail once, and be begun twice more
  assertEquals([result.steps.clean.exit, result.steps.clean.record], [
    "resource",
    "nightly:failure:clean@1.1.0",
  ]);
  assertStringIncludes(result.steps.clean.reason!, "3 deliveries");
});

testCarried("two watchers of a run get the same result", async (world) => {
  const { registry, options, ran } = world;
  await registry.save("data:raw", "a ");
  const run = await submitRun(threeSteps(), options);
  const watching = [1, 2].map(() => watchRun(threeSteps(), { ...options, run }));
  await using _worker = await world.work(threeSteps());
  const [first, second] = await Promise.all(watching);
  assertEquals(first, second);
  assertEquals(ran.toSorted(), ["clean", "report", "train"]);
});

testCarried("a cancelled run on an engine ends running steps", async (world) => {
  const { registry, operators, options, engine } = world;
  const began = Promise.withResolvers<void>();
  add(operators, "stay", endless(began.resolve));
  const steps = pipeline([step("stay"), step("report", { upstream: ["stay"] })]);
  await using _worker = await world.work(steps);
  const running = runPipeline(steps, options);
  await began.promise;
  assert(await cancelRun(registry, "nightly@1"));
  const result = await running;
  assertEquals([result.end, ends(result.steps)], ["cancelled", {
    stay: "cancelled",
    report: "cancelled",
  }]);
  assertEquals((await engine.list("nightly@1")).map(({ state }) => state), ["cancelled"]);
});

testCarried("an abort of runPipeline() ends the run and keeps its result", async (world) => {
  const { registry, operators, options } = world;
  const stop = new AbortController();
  add(operators, "stay", endless(() => stop.abort(new Error("enough"))));
  const steps = pipeline([step("stay")]);
  await using _worker = await world.work(steps);
  await assertRejects(
    () => runPipeline(steps, { ...options, signal: stop.signal }),
    Error,
    "enough",
  );
  assertEquals((await readResult(registry, "nightly@1"))?.end, "cancelled");
});

testCarried("an unavailable engine is polled again", async (world) => {
  const { registry, options } = world;
  await registry.save("data:raw", "a ");
  await using _worker = await world.work(threeSteps());
  let refusals = 2;
  const poll: typeof world.engine.poll = (ids) => {
    if (refusals-- <= 0) return world.engine.poll(ids);
    return Promise.reject(
      new RegistryError({ code: "Unavailable", message: "Cannot ask: down", hint: "Wait." }),
    );
  };
  const engine = { ...world.engine, poll };
  assertEquals((await runPipeline(threeSteps(), { ...options, carry: { engine } })).end, "ok");
});

testCarried("an engine that omits jobs is refused", async (world) => {
  const { registry, options } = world;
  await registry.save("data:raw", "a ");
  const engine = { ...world.engine, poll: () => Promise.resolve([]) };
  const error = await assertRejects(
    () => runPipeline(threeSteps(), { ...options, carry: { engine } }),
    RegistryError,
    `Cannot poll engine "${engine.kind}": it returned 0 jobs for 1 ids`,
  );
  assertEquals(error.code, "Invalid");
});

/** An engine whose first looks are all answered at one moment. */
function lookingAtOnce(engine: Engine, count: number): Engine {
  const all = Promise.withResolvers<void>();
  let looks = 0;
  return {
    ...engine,
    async list(run, options) {
      const jobs = await engine.list(run, options);
      if (++looks === count) all.resolve();
      await all.promise;
      return jobs;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

testCarried("a cancelled run has a result when its steps end together", async (world) => {
  const { registry, options, queue, ran } = world;
  const steps = pipeline([step("clean"), step("train"), step("report")]);
  const carry = { engine: lookingAtOnce(world.engine, 3) };
  const run = await submitRun(steps, { ...options, carry });
  await cancelRun(registry, run);
  const over = Promise.withResolvers<void>();
  let left = 3;
  await using _worker = await queue.work(createRunHandler([steps], { ...options, carry }), {
    concurrency: 3,
    onEvent: ({ event }) => void (event === "done" && --left === 0 && over.resolve()),
  });
  await over.promise;
  const result = await readResult(registry, run);
  assertEquals([result?.end, ends(result?.steps ?? {}), ran], [
    "cancelled",
    { clean: "cancelled", train: "cancelled", report: "cancelled" },
    [],
  ]);
});

const SHARDS = 5;
const shared = pipeline([
  step("split", { shards: SHARDS, outputs: { ".": "registry:data" } }),
  step("report", { upstream: ["split"] }),
]);

/** Lets each shard write a file; those in `broken` fail as long as they are there. */
function registerSplit({ operators }: CarriedWorld, broken = new Set<number>()): number[] {
  const shards: number[] = [];
  add(operators, "split", async ({ outputRoot, shard }) => {
    shards.push(shard!.index);
    if (broken.has(shard!.index)) throw new Error(`no ${shard!.index}`);
    await Deno.writeTextFile(`${outputRoot}/${shard!.index}`, String(shard!.index));
  });
  return shards;
}

testCarried("shards on several workers write one version", async (world) => {
  const shards = registerSplit(world);
  const { registry, options } = world;
  await using _one = await world.work(shared);
  await using _two = await world.work(shared);
  const { end, steps } = await runPipeline(shared, options);
  assertEquals([end, ends(steps)], ["ok", { split: "ran", report: "ran" }]);
  assertEquals(shards.toSorted(), [0, 1, 2, 3, 4]);
  assertEquals(await textOf(registry, "nightly:output:report"), "01234report ");
  for (const name of ["data", "nightly:step:split", "nightly:shards:split"]) {
    assertEquals(await countOf(registry, name), 1, name);
  }
});
