import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Engine, Resources } from "../../../../operators/contract/engine.ts";
import { createLocalEngine } from "../../../../operators/engines/local.ts";
import { runPipeline, shareRun, submitRun } from "../../../../operators/runner/mod.ts";
import type { RunPipelineOptions } from "../../../../operators/runner/mod.ts";
import type { Pipeline } from "../../../../operators/contract/pipeline.ts";
import { rejected } from "../../../registry/rejected.ts";
import { pipeline, step } from "../pipelines.ts";
import { type CarriedWorld, testCarried } from "./carried_world.ts";

type Run = (pipeline: Pipeline, world: CarriedWorld) => Promise<unknown>;

const TB = 1e12;

const big = (resources: Resources, members: Partial<Pipeline> = {}) =>
  pipeline([step("clean", { resources })], members);

const onEngine = (engine: (world: CarriedWorld) => Engine): Run => async (pipeline, world) => {
  const options = { ...world.options, carry: { engine: engine(world) } };
  await submitRun(pipeline, options);
};

/** Each way to run the steps of a pipeline, and whether all run on one machine. */
const WAYS: Record<string, { run: Run; isOneMachine: boolean }> = {
  "this process": {
    run: (pipeline, { options }) => runPipeline(pipeline, here(options)),
    isOneMachine: true,
  },
  "an array": {
    run: (pipeline, { options }) =>
      shareRun(pipeline, { ...here(options), shard: { index: 0, count: 1 }, array: "a" }),
    isOneMachine: true,
  },
  "local:": { run: onEngine(() => createLocalEngine()), isOneMachine: true },
  "an engine of one machine": {
    run: onEngine(({ engine }) => ({ ...engine, machine: { cores: 8, memoryBytes: TB } })),
    isOneMachine: true,
  },
  "a queue": { run: onEngine(({ engine }) => engine), isOneMachine: false },
};

function here({ carry: _, ...options }: CarriedWorld["options"]): RunPipelineOptions {
  return options;
}

for (const [way, { run, isOneMachine }] of Object.entries(WAYS)) {
  testCarried(
    `${way} refuses steps that request more than it has, before it runs`,
    async (world) => {
      const asked: Resources[] = [{ cpuRequest: 4096 }, { memoryRequest: 900 * TB }];
      for (const resources of isOneMachine ? asked : []) {
        const { message } = await rejected("Invalid", run(big(resources), world));
        assertStringIncludes(message, "but this machine has");
      }
      const nodes = [{ id: "here", runnerCount: 1, resources: { gpuLimit: 2 } }];
      for (const members of [{ nodes }, { nodes: [] }]) {
        await rejected("Invalid", run(big({ gpuRequest: 3 }, members), world));
      }
      assertEquals(await Array.fromAsync(world.registry.names()), []);
      if (!isOneMachine) await run(big({ cpuRequest: 4096 }), world);
    },
  );
}
