import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { PipelineStep } from "../../../operators/contract/pipeline.ts";
import { openRegistry } from "../../../mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import type { RunEvent, RunPipelineOptions } from "../../../operators/runner/mod.ts";
import type { StepRecord } from "../../../operators/runner/records/files.ts";
import { createOperatorExecutor } from "../../../workers/operators/mod.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { operators } from "../../workers/operators/operators.ts";
import { pipeline, step } from "./pipelines.ts";

const module = new URL("../../workers/operators/operators.ts", import.meta.url);

async function run(
  root: TempRoot,
  members: Partial<PipelineStep>,
  options: Partial<RunPipelineOptions> = {},
) {
  const registry = await openRegistry("memory:");
  await registry.save("data:raw", "raw");
  const said: string[] = [];
  const onEvent = (event: RunEvent) =>
    void (event.type === "log" && said.push(`${event.level}: ${event.line}`));
  const executor = createOperatorExecutor({ module, graceMs: 20 });
  const one = step("clean", { runAs: "worker", ...members });
  const result = await runPipeline(pipeline([one]), {
    registry,
    operators,
    root: root.path,
    onEvent,
    executor,
    ...options,
  });
  assertEquals(executor.running, 0);
  return { ...result.steps.clean, said, registry };
}

testInRoot("a worker step reads, writes and logs, and masks secrets", async (root) => {
  const { registry, end, said, record, outputs } = await run(root, {
    operator: "upper",
    inputs: { data: "registry:data:raw" },
    env: { TOKEN: `base64://${btoa("s3cret-value")}` },
    params: { lr: 0.1 },
  });
  assertEquals([end, said], ["ran", ["info: printed 1", 'warn: thread true *** {"lr":0.1}']]);
  const file = (await registry.open(Object.values(outputs!)[0])).file("text");
  assertEquals(new TextDecoder().decode(await file.bytes()), "RAW");
  const bytes = await (await registry.open(record!)).file("record.json").bytes();
  const { usage } = JSON.parse(new TextDecoder().decode(bytes)) as StepRecord;
  assert(
    Number(usage?.peakBytes) > 1_000_000 && Number(usage?.cpuSeconds) >= 0,
    JSON.stringify(usage),
  );
});

testInRoot("the end of a worker operator is that of its step", async (root) => {
  const wrong = await run(root, { operator: "typed", params: { lr: "much" } });
  assertEquals([wrong.end, wrong.exitCode, wrong.exit], ["failed", 1, "configuration"]);
  assertStringIncludes(wrong.reason!, "lr: must be a number");
  assertEquals((await run(root, { operator: "ends", params: { code: 5 } })).exitCode, 5);
  assertEquals((await run(root, { operator: "exits" })).exitCode, 3);
});

testInRoot("a worker step that ignores its timeout is ended with 4", async (root) => {
  const timeoutMs = 3_600_000;
  const ready = Promise.withResolvers<void>();
  const sleep = (ms: number, signal?: AbortSignal) =>
    ms === timeoutMs ? ready.promise : realSystem.sleep(ms, signal);
  const onEvent = (event: RunEvent) =>
    void (event.type === "log" && event.line === "ready" && ready.resolve());
  const { end, exitCode, reason } = await run(root, { operator: "deaf", timeoutMs }, {
    system: { ...realSystem, sleep },
    onEvent,
  });
  assertEquals([end, exitCode], ["failed", 4]);
  assertStringIncludes(reason!, `timed out after ${timeoutMs} ms`);
});

testInRoot("a worker step without an executor is refused", async (root) => {
  const error = await assertRejects(
    () => run(root, { operator: "ends" }, { executor: undefined }),
    RegistryError,
  );
  assertEquals(error.code, "Unsupported");
  assertStringIncludes(error.hint!, "createOperatorExecutor");
});
