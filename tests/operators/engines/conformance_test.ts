import type { Engine, EngineStep } from "../../../operators/contract/engine.ts";
import type { JobQueue } from "../../../extensions/queues/queue.ts";
import { createSpoolEngine } from "../../../examples/own_engine.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { createQueueEngine, createStepHandler } from "../../../operators/engines/queue.ts";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { openEngine } from "../../../operators/engines/mod.ts";
import { openQueue } from "../../../extensions/queues/mod.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";
import { engineCases, runEngineCase, testEngine } from "../../conformance/engines.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../support/temp_root.ts";

/** An engine with a worker that knows the commands of the steps that were submitted last. */
async function withWorker(engine: Engine, queue: JobQueue): Promise<Engine> {
  const commands = new Map<string, EngineStep>();
  const worker = await queue.work(createStepHandler(({ step }) => commands.get(step)!), {
    concurrency: 3,
  });
  return {
    ...engine,
    submit(step, options) {
      commands.set(step.step, step);
      return engine.submit(step, options);
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
    },
  };
}

testEngine(Deno.test, () => Promise.resolve(createLocalEngine({ cores: 3 })), {
  name: "local engine",
});
testEngine(Deno.test, () => {
  const queue = createMemoryQueue();
  return withWorker(createQueueEngine(queue), queue);
}, { name: "queue engine" });

testEngine(Deno.test, async () => {
  const root = await tempRoot();
  const engine = createSpoolEngine(root.join("jobs"));
  return { ...engine, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}, { name: "engine of examples/own_engine.ts" });

let made = 0;

for (const { name, run } of engineCases) {
  programTest(`queue engine: ${name}`, ["redis", "postgres"], async ({ shared }) => {
    const { url } = await shared();
    const place = `${url}?queue=engine-${made++}`;
    await runEngineCase(
      run,
      async () => withWorker(await openEngine(place), await openQueue(place)),
    );
  });
  programTest(`slurm engine: ${name}`, "slurm", async ({ shared }) => {
    const { env } = await shared();
    await runEngineCase(run, () => Promise.resolve(createSlurmEngine({ env })));
  });
}
