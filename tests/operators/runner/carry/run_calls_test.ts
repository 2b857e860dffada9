import { assertEquals, assertLessOrEqual } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { realSystem } from "../../../../core/system.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { createQueueEngine } from "../../../../operators/engines/queue.ts";
import { createOperators } from "../../../../operators/mod.ts";
import {
  createRunHandler,
  planPipeline,
  runPipeline,
  runStep,
  submitRun,
} from "../../../../operators/runner/mod.ts";
import { readResult, saveRun } from "../../../../operators/runner/records/run_record.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { add, pipeline, step } from "../pipelines.ts";

const STEPS = 60;

testInRoot(
  "a step on an engine costs few registry calls, and leaves no folder",
  async ({ path: root }) => {
    const { backend, calls } = withCounts(createMemoryBackend());
    await using registry = await openRegistry(backend);
    await using queue = createMemoryQueue();
    const operators = createOperators();
    add(operators, "nothing", () => 0);
    const steps = Array.from(
      { length: STEPS },
      (_, index) => step(`s${index}`, { operator: "nothing" }),
    );
    const system = { ...realSystem, monotonic: () => 0 }; // a slow machine asks no more often
    const carry = { engine: createQueueEngine(queue) };
    const options = { registry, operators, root, system, carry };
    await using _worker = await queue.work(createRunHandler([pipeline(steps)], options), {
      concurrency: 10,
    });
    calls.take();
    const { end } = await runPipeline(pipeline(steps), options);
    assertEquals(end, "ok");
    const { list = 0, get = 0, put = 0 } = calls.counts;
    // its last success twice with notes, a failure, a save; and what a run asks once
    assertLessOrEqual(list / STEPS, 6);
    assertLessOrEqual((get + put) / STEPS, 3);
    const left = existsSync(root) ? readdirSync(root, { recursive: true }) as string[] : [];
    assertEquals(left.filter((path) => /\/s\d+-[^/]*$/.test(path)), []);
  },
);

testInRoot("a step of a chain does not read the steps after it", async ({ path: root }) => {
  const { backend, calls } = withCounts(createMemoryBackend());
  await using registry = await openRegistry(backend);
  await using queue = createMemoryQueue();
  const operators = createOperators();
  add(operators, "nothing", () => 0);
  const steps = Array.from(
    { length: STEPS },
    (_, index) =>
      step(`s${index}`, { operator: "nothing", upstream: index ? [`s${index - 1}`] : [] }),
  );
  const options = { registry, operators, root, carry: { engine: createQueueEngine(queue) } };
  const run = await submitRun(pipeline(steps), options);
  const handler = createRunHandler([pipeline(steps)], options);
  const execute = async (id: string) => {
    const job = { id, group: run, kind: "step", data: { run, step: id } };
    const { signal } = new AbortController();
    assertEquals(await handler(job, { signal, onProgress() {} }), { exitCode: 0 });
  };
  await execute("s0"); // reads the run too
  calls.take();
  await execute("s1");
  assertLessOrEqual(calls.counts.list ?? 0, 10);
  for (const { id } of steps.slice(2)) await execute(id);
  assertEquals((await readResult(registry, run))?.end, "ok");
});

testInRoot("a step after skipped ones reads only the last of them", async ({ path: root }) => {
  const { backend, calls } = withCounts(createMemoryBackend());
  await using registry = await openRegistry(backend);
  const operators = createOperators();
  add(operators, "nothing", () => 0);
  const chain = (last: number) =>
    pipeline(Array.from({ length: STEPS }, (_, index) =>
      step(`s${index}`, {
        operator: "nothing",
        upstream: index ? [`s${index - 1}`] : [],
        params: index === STEPS - 1 ? { last } : {},
      })));
  const options = { registry, operators, root };
  await runPipeline(chain(1), options);
  const run = await saveRun(registry, await planPipeline(chain(2), options));
  calls.take();
  const { end } = await runStep(chain(2), { ...options, run, step: `s${STEPS - 1}` });
  assertEquals(end, "ran");
  assertLessOrEqual(calls.counts.list ?? 0, 15);
});
