import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem, silentLogger } from "../../../core/system.ts";
import { isRegistryError, openRegistry } from "../../../mod.ts";
import { planPipeline, readResult, runPipeline } from "../../../operators/runner/mod.ts";
import { saveResult, watchForCancel } from "../../../operators/runner/records/run_record.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { countOf, endless, ends, testInWorld, textOf, threeSteps } from "./world.ts";
import { rejected } from "../../registry/rejected.ts";

testInWorld("concurrent runs have unique numbers and write each output once", async (here) => {
  const { registry } = here;
  await registry.save("data:raw", "raw ");
  const results = await Promise.all([1, 2, 3, 4].map(() => runPipeline(threeSteps(), here)));
  assertEquals(results.map(({ end }) => end), ["ok", "ok", "ok", "ok"]);
  assertEquals(
    results.map(({ run }) => run).sort(),
    [1, 2, 3, 4].map((number) => `nightly@${number}`),
  );
  const names = ["data:report", ...["clean", "train"].map((step) => `nightly:output:${step}`)];
  for (
    const name of [
      ...names,
      ...["clean", "train", "report"].map((step) => `nightly:step:${step}`),
    ]
  ) {
    assertEquals(await countOf(registry, name), 1, name);
  }
  assertEquals(await textOf(registry, "data:report"), "raw clean report ");
});

testInWorld("a step waits for all upstream steps", async (here) => {
  const steps = [
    step("clean"),
    step("train", { upstream: ["clean"] }),
    step("middle", { operator: "train", upstream: ["train"] }),
    step("report", { upstream: ["clean", "middle"] }),
  ];
  assertEquals((await runPipeline(pipeline(steps), here)).end, "ok");
  assertEquals(here.ran, ["clean", "train", "middle", "report"]);
});

testInWorld("the first result of a run is kept", async (here) => {
  const result = await runPipeline(pipeline([step("clean")]), here);
  await saveResult(here.registry, { ...result, end: "failed" }, []);
  assertEquals((await readResult(here.registry, result.run))?.end, "ok");
});

testInWorld("failFast ends a run with its first failure", async (here) => {
  const started = Promise.withResolvers<void>();
  add(here.operators, "endless", endless(started.resolve));
  add(here.operators, "broken", () => started.promise.then(() => 3 as const));
  const steps = [
    step("clean"),
    step("endless"),
    step("broken", { upstream: ["clean"] }), // a step that ended well ends no other
    step("report", { upstream: ["endless"] }),
  ];
  const result = await runPipeline(pipeline(steps), { ...here, failFast: true });
  assertEquals([result.end, ends(result.steps)], ["failed", {
    clean: "ran",
    endless: "cancelled",
    broken: "failed",
    report: "cancelled",
  }]);
});

testInWorld("registries that cannot record a run are refused", async (here, root) => {
  const path = root.join("registry");
  {
    await using writable = await openRegistry(path);
    await writable.save("data:raw", "raw ");
  }
  await using registry = await openRegistry(path, { readOnly: true });
  assertEquals((await planPipeline(threeSteps(), { ...here, registry })).steps.length, 3);
  const error = await runPipeline(threeSteps(), { ...here, registry }).catch((error) => error);
  assert(isRegistryError(error), String(error));
  assertStringIncludes(error.message, "nightly:run");
  await using unversioned = await openRegistry(root.join("single"), { versioned: false });
  await rejected(
    "Unsupported",
    planPipeline(threeSteps(), { ...here, registry: unversioned }),
  );
  assertEquals(here.ran, []);
});

Deno.test("a failed check for cancellation is repeated", async () => {
  let looks = 0;
  const has = async () => {
    await Promise.resolve();
    if (++looks < 3) throw new Error("away for a moment");
    return true;
  };
  await using memory = await openRegistry("memory:");
  const stop = new AbortController();
  const system = { ...realSystem, sleep: () => Promise.resolve() };
  const context = { registry: { ...memory, has }, run: "nightly@1", system, logger: silentLogger };
  await watchForCancel(context, stop, new AbortController().signal);
  assertEquals([looks, isRegistryError(stop.signal.reason, "TaskFailed")], [3, true]);
});
