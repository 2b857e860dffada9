/**
 * Pipelines: a thousand trivial steps on the caller's thread over a registry on a disk, and plans of ten thousand.
 *
 * @module
 */
import { join } from "node:path";
import type { Pipeline, PipelineStep } from "../../core/pipelines/pipeline.ts";
import { openRegistry } from "../../mod.ts";
import { createOperators } from "../../operators/mod.ts";
import { planPipeline, runPipeline } from "../../operators/runner/mod.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group, Measure } from "./measure.ts";

/** Runs pipelines whose steps do nothing, each time another one, and plans one that never ran and one that did. */
export async function createPipelinesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  await using opened = new AsyncDisposableStack();
  const operators = createOperators();
  operators.register("nothing", { run: () => 0, command: () => ["true"] });
  const steps = quick ? 20 : 1000;
  const many = quick ? 100 : 10_000;
  const os = opened.use(await openRegistry(join(folder, "os"), { durability: "os" }));
  const disk = opened.use(await openRegistry(join(folder, "disk"), { durability: "disk" }));
  let runs = 0;

  const measures: Measure[] = ([["os", os], ["disk", disk]] as const).map(([durability, registry]) => ({
    name: `run ${steps} trivial steps, durability "${durability}"`,
    count: steps,
    unit: "op",
    run: () => timed(() => runPipeline(pipelineOf(`run${runs++}`, steps), { registry, operators, root: folder })),
  }));
  await runPipeline(pipelineOf("done", steps), { registry: os, operators, root: folder });
  const kept = opened.move();
  return {
    measures: [
      ...measures,
      {
        name: `run ${steps} steps again, which are all skipped`,
        count: steps,
        unit: "op",
        run: () => timed(() => runPipeline(pipelineOf("done", steps), { registry: os, operators, root: folder })),
      },
      {
        name: `plan ${many} steps that never ran`,
        count: many,
        unit: "op",
        run: () => timed(() => planPipeline(pipelineOf("never", many), { registry: os, operators, root: folder })),
      },
    ],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Steps in chains of ten. */
function pipelineOf(id: string, count: number): Pipeline {
  return {
    id,
    nodes: [{ id: "here", runnerCount: 4, resources: {} }],
    steps: Array.from({ length: count }, (_, i) => stepOf(`s${i}`, i % 10 === 0 ? [] : [`s${i - 1}`])),
    workDir: "runs",
    log: { level: "info" },
  };
}

function stepOf(id: string, upstream: string[]): PipelineStep {
  return {
    id,
    operator: "nothing",
    version: "v1.0",
    node: "here",
    upstream,
    params: {},
    inputs: {},
    outputs: {},
    runAs: "thread",
    retries: { attempts: 1, backoffMs: 1000, exitCodes: [3, 4, 5] },
    env: {},
    environment: { kind: "plain", install: false },
    shards: 1,
    rerun: ["inputs", "params", "code"],
    resources: {},
  };
}
