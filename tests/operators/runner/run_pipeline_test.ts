import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { isRegistryError, RegistryError } from "../../../mod.ts";
import { cancelRun, planPipeline, readResult, runPipeline } from "../../../operators/runner/mod.ts";
import { realSystem } from "../../../core/system.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { countOf, endless, ends, testInWorld, textOf, threeSteps } from "./world.ts";

testInWorld("later runs repeat only what a changed parameter affects", async (here) => {
  const { registry } = here;
  await registry.save("data:raw", "raw ");
  const first = await runPipeline(threeSteps(), here);
  assertEquals([first.run, first.end], ["nightly@1", "ok"]);
  assertEquals(ends(first.steps), { clean: "ran", train: "ran", report: "ran" });
  assertEquals(await textOf(registry, "nightly:output:train"), "raw clean train0.1 ");
  assertEquals(await textOf(registry, "data:report"), "raw clean report ");

  const second = await runPipeline(threeSteps(), here);
  assertEquals(ends(second.steps), { clean: "skipped", train: "skipped", report: "skipped" });
  assertEquals(
    Object.values(second.steps).map(({ reason }) => reason),
    Array(3).fill("nothing changed"),
  );

  const plan = await planPipeline(threeSteps(0.2), here);
  assertEquals(plan.steps.map(({ step, decision, reasons }) => [step, decision, ...reasons]), [
    ["clean", "skip"],
    ["train", "run", "params.lr 0.1 → 0.2"],
    ["report", "skip"],
  ]);
  const third = await runPipeline(threeSteps(0.2), here);
  assertEquals(ends(third.steps), { clean: "skipped", train: "ran", report: "skipped" });
  const { train, report } = third.steps;
  assert(train!.startedAt! >= third.startedAt && report!.startedAt === undefined);
  assertEquals(here.ran.sort(), ["clean", "report", "train", "train"]);
  assertEquals(
    await Array.fromAsync(registry.versions("nightly:output:train"), ({ version }) => version),
    ["2.0.0", "1.0.0"],
  );
});

testInWorld("plans contain all reasons, with digests", async (here) => {
  const { registry, operators } = here;
  await registry.save("data:raw", "raw ");
  const reasonsOf = async (...args: Parameters<typeof planPipeline>) =>
    Object.fromEntries(
      (await planPipeline(...args)).steps.map(({ step, reasons }) => [step, reasons]),
    );
  assertEquals((await reasonsOf(threeSteps(), here)).clean, ["never ran"]);
  await runPipeline(threeSteps(), here);

  const before = (await registry.info("data:raw")).digest.slice(0, 8);
  await registry.save("data:raw", "other ");
  const now = (await registry.info("data:raw")).digest.slice(0, 8);
  const inputs = `inputs changed: data:raw ${before}… → ${now}…`;
  assertEquals(await reasonsOf(threeSteps(), here), {
    clean: [inputs],
    train: ["upstream runs: clean"],
    report: ["upstream runs: clean"],
  });
  const changed = threeSteps();
  changed.steps[0].version = "v1.1";
  changed.steps[0].params = { drop: { na: true } };
  assertEquals((await reasonsOf(changed, { ...here, force: ["clean"] })).clean, [
    "forced",
    inputs,
    'params.drop none → {"na":true}',
    "code v1.0 → v1.1",
  ]);
  changed.steps[0].rerun = ["code"];
  assertEquals((await reasonsOf(changed, here)).clean, ["code v1.0 → v1.1"]);

  await registry.delete("data:report@1.0.0");
  const sameData = threeSteps();
  sameData.steps[0].rerun = [];
  assertEquals((await reasonsOf(sameData, here)).report, ["output gone: data:report@1.0.0"]);
  sameData.steps[2].outputs = { text: "registry:data:summary" };
  assertEquals((await reasonsOf(sameData, here)).report, [
    "output new: registry:data:summary",
    "output gone: data:report@1.0.0",
  ]);
  assertEquals(operators.names(), ["clean", "train", "report"]);
});

testInWorld("an upstream step with unchanged output makes no step run", async (here) => {
  await here.registry.save("data:raw", "raw ");
  await runPipeline(threeSteps(), here);
  const forced = await runPipeline(threeSteps(), { ...here, force: ["clean"] });
  assertEquals(ends(forced.steps), { clean: "ran", train: "skipped", report: "skipped" });
});

testInWorld("outputs have lineage and metadata", async (here) => {
  const { registry } = here;
  const raw = await registry.save("data:raw", "raw ");
  await runPipeline(threeSteps(), here);
  const clean = await registry.info("nightly:output:clean");
  assertEquals(clean.inputs, [{ ref: "data:raw@1.0.0", digest: raw.digest }]);
  const train = await registry.info("nightly:output:train");
  assertEquals(train.inputs, [{ ref: "nightly:output:clean@1.0.0", digest: clean.digest }]);
  const { pipeline, run, step, operator, code, params } = train.metadata;
  assertEquals([pipeline, run, step, operator, code, params], [
    "nightly",
    "nightly@1",
    "train",
    "train",
    "v1.0",
    { lr: 0.1 },
  ]);
});

testInWorld("a failed step blocks only its dependents, and is recorded", async (here) => {
  const { registry, operators } = here;
  add(operators, "broken", ({ logger }) => {
    logger.info("about to fail");
    return 2;
  });
  const steps = [step("broken"), step("train", { upstream: ["broken"] }), step("report")];
  const result = await runPipeline(pipeline(steps), here);
  assertEquals(result.end, "failed");
  assertEquals(ends(result.steps), { broken: "failed", train: "blocked", report: "ran" });
  assertEquals([result.steps.broken.exitCode, result.steps.broken.exit], [2, "input"]);
  assertEquals(result.steps.train.reason, "step broken has no success");
  const failure = await registry.open(result.steps.broken.record!);
  assertStringIncludes(
    new TextDecoder().decode(await failure.file("log.txt").bytes()),
    "info about to fail",
  );
  assertEquals(failure.info.metadata.exitCode, 2);
  assertEquals((await readResult(registry, "nightly@1"))?.end, "failed");
});

testInWorld("a failed step is retried, each attempt on record", async (here) => {
  const { registry, operators } = here;
  let calls = 0;
  add(operators, "shaky", () => ++calls < 3 ? 4 : 0);
  const waits: number[] = [];
  const system = {
    ...realSystem,
    random: () => 1,
    sleep: (ms: number, signal?: AbortSignal) => {
      // The look for a cancellation, and the one at what the step takes.
      if (ms === 2_000 || ms === 1_000) return realSystem.sleep(1_000_000, signal);
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const steps = [step("shaky", { retries: { attempts: 3, backoffMs: 100, exitCodes: [4] } })];
  const result = await runPipeline(pipeline(steps), { ...here, system });
  assertEquals([result.steps.shaky.end, result.steps.shaky.attempts], ["ran", 3]);
  assertEquals(waits, [100, 200]);
  assertEquals(await countOf(registry, "nightly:failure:shaky"), 2);
});

testInWorld("steps run concurrently within limits of node and machine", async (here) => {
  let running = 0, most = 0, expected = 3;
  let full = Promise.withResolvers<void>();
  add(here.operators, "count", async () => {
    most = Math.max(most, ++running);
    if (running === expected) full.resolve();
    await full.promise; // so many come together
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  });
  const many = (resources = {}) =>
    Array.from({ length: 8 }, (_, i) => step(`s${i}`, { operator: "count", resources }));
  const machine = { cores: 4, memoryBytes: 1000 };
  const three = pipeline(many(), { nodes: [{ id: "here", runnerCount: 3, resources: {} }] });
  assertEquals((await runPipeline(three, { ...here, machine })).end, "ok");
  assertEquals(most, 3);
  most = 0, expected = 2, full = Promise.withResolvers();
  await runPipeline(pipeline(many({ cpuRequest: 2 }), { id: "cores" }), { ...here, machine });
  assertEquals(most, 2);
  await assertRejects(
    () =>
      runPipeline(pipeline(many({ memoryRequest: 2000 }), { id: "large" }), { ...here, machine }),
    RegistryError,
    "requests 2000 bytes of memory, but this machine has 1000",
  );
  assert(!await here.registry.has("large:run"), "nothing ran");
});

testInWorld("a cancelled run ends and keeps its successes", async (here, root) => {
  const { registry, operators } = here;
  const started = Promise.withResolvers<void>();
  add(operators, "endless", endless(started.resolve));
  const looks: (() => void)[] = [];
  const system = {
    ...realSystem,
    sleep: (ms: number, signal?: AbortSignal) =>
      ms !== 2000 ? realSystem.sleep(ms, signal) : new Promise<void>((resolve, reject) => {
        looks.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const steps = [
    step("clean"),
    step("endless", { upstream: ["clean"] }),
    step("report", { upstream: ["endless"] }),
  ];
  const running = runPipeline(pipeline(steps), { ...here, system });
  await started.promise;
  assertEquals([await cancelRun(registry, "nightly@1"), await cancelRun(registry, "nightly@1")], [
    true,
    false,
  ]);
  looks[0]();
  const result = await running;
  assertEquals([result.end, ends(result.steps)], ["cancelled", {
    clean: "ran",
    endless: "cancelled",
    report: "cancelled",
  }]);
  assertEquals((await Array.fromAsync(Deno.readDir(root.path))).length <= 1, true);
});

testInWorld("an abort ends the run, saves its result and throws the reason", async (here) => {
  const stop = new AbortController();
  const reason = new Error("enough: now");
  add(here.operators, "stopped", ({ signal }) => {
    stop.abort(reason);
    signal.throwIfAborted();
  });
  const steps = [step("stopped"), step("train", { upstream: ["stopped"] })];
  const error = await runPipeline(pipeline(steps), { ...here, signal: stop.signal }).catch((
    error,
  ) => error);
  assertEquals(error, reason);
  assertEquals((await readResult(here.registry, "nightly@1"))?.end, "cancelled");
});

testInWorld("missing inputs, unknown steps and cycles are refused at first", async (here) => {
  const refused = async (
    steps: Parameters<typeof pipeline>[0],
    code: "NotFound" | "Invalid",
    text: string,
  ) => {
    const error = await runPipeline(pipeline(steps), here).catch((error) => error);
    assert(isRegistryError(error, code), String(error));
    assertStringIncludes(error.message, text);
    assertEquals(await Array.fromAsync(here.registry.names()), []);
  };
  const missing = 'Cannot read input "registry:data:raw" of step "clean"';
  await refused([step("clean", { inputs: { data: "registry:data:raw" } })], "NotFound", missing);
  await refused([step("clean", { inputs: { data: "step:nowhere" } })], "NotFound", '"nowhere"');
  const cycle = [step("clean", { upstream: ["train"] }), step("train", { upstream: ["clean"] })];
  await refused(cycle, "Invalid", "clean → train → clean is a cycle");
});

testInWorld("a listener that throws does not end a run", async (here) => {
  await here.registry.save("data:raw", "raw ");
  const warnings: string[] = [];
  const logger = { ...console, warn: (text: string) => void warnings.push(text) };
  const onEvent = () => {
    throw new Error("the terminal is gone");
  };
  const result = await runPipeline(threeSteps(), { ...here, onEvent, logger });
  assertEquals([result.end, (await readResult(here.registry, "nightly@1"))?.end], ["ok", "ok"]);
  assertEquals(warnings[0], 'Cannot emit "run started": the listener failed: the terminal is gone');
});

testInWorld("the last of several writers of an artifact is read", async (here) => {
  const outputs = { text: "registry:data:text" };
  const steps = [
    step("report", { upstream: ["between"], inputs: { data: "registry:data:text" } }),
    step("train", { upstream: ["clean"], outputs }),
    step("between", { operator: "report", upstream: ["train"] }),
    step("clean", { outputs }),
  ];
  const { end } = await runPipeline(pipeline(steps), here);
  assertEquals([end, await textOf(here.registry, "nightly:output:report")], [
    "ok",
    "clean train report ",
  ]);
});
