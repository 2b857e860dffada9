import type { Engine, EngineStep } from "../../../core/engine.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { createQueueEngine, createStepHandler } from "../../../operators/engines/queue.ts";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { openEngine } from "../../../operators/engines/mod.ts";
import { openQueue } from "../../../queues/mod.ts";
import { createMemoryQueue } from "../../../queues/memory.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { engineCases } from "./conformance.ts";

let made = 0;

function stepIn(root: TempRoot) {
  return (script: string, more: Partial<EngineStep> = {}): EngineStep => ({
    run: "clean_up@1",
    step: "clean",
    name: `case-${Deno.pid}-${made++}`,
    command: ["sh", "-c", script],
    cwd: root.path,
    env: {},
    resources: {},
    ...more,
  });
}

/** The commands of the steps that were submitted last, which a worker knows by itself. */
function remembering(engine: Engine, commands: Map<string, EngineStep>): Engine {
  return {
    ...engine,
    submit(step, options) {
      commands.set(step.step, step);
      return engine.submit(step, options);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

for (const { name, run } of engineCases) {
  Deno.test(`local engine: ${name}`, async () => {
    await using root = await tempRoot();
    await using engine = createLocalEngine({ cores: 3 });
    await run({ engine, root, step: stepIn(root) });
  });
  Deno.test(`queue engine: ${name}`, async () => {
    await using root = await tempRoot();
    await using queue = createMemoryQueue();
    const commands = new Map<string, EngineStep>();
    await using _worker = await queue.work(createStepHandler(({ step }) => commands.get(step)!), {
      concurrency: 3,
    });
    await run({
      engine: remembering(createQueueEngine(queue), commands),
      root,
      step: stepIn(root),
    });
  });
  programTest(`queue engine: ${name}`, ["redis", "postgres"], async ({ shared }) => {
    const { url } = await shared();
    await using root = await tempRoot();
    const place = `${url}?queue=engine-${made++}`;
    await using engine = await openEngine(place);
    await using queue = await openQueue(place);
    const commands = new Map<string, EngineStep>();
    await using _worker = await queue.work(createStepHandler(({ step }) => commands.get(step)!), {
      concurrency: 3,
    });
    await run({ engine: remembering(engine, commands), root, step: stepIn(root) });
  });
  programTest(`slurm engine: ${name}`, "slurm", async ({ shared }) => {
    const { env } = await shared();
    await using root = await tempRoot();
    await using engine = createSlurmEngine({ env });
    await run({ engine, root, step: stepIn(root) });
  });
}
