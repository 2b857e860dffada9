// Pipelines for tests of the runner.
import type { Operator, OperatorContext } from "../../../operators/contract/operator.ts";
import type { Operators } from "../../../operators/operator_set.ts";
import type { Pipeline, PipelineStep } from "../../../operators/contract/pipeline.ts";

/** A step with every default in place. */
export function step(id: string, members: Partial<PipelineStep> = {}): PipelineStep {
  return {
    id,
    operator: id,
    version: "v1.0",
    node: "here",
    upstream: [],
    params: {},
    inputs: {},
    outputs: {},
    runAs: "thread",
    retries: { attempts: 1, backoffMs: 1000 },
    env: {},
    environment: { kind: "plain" },
    shards: 1,
    rerun: ["inputs", "params", "code"],
    resources: {},
    ...members,
  };
}

/** A pipeline on one node. */
export function pipeline(steps: PipelineStep[], members: Partial<Pipeline> = {}): Pipeline {
  return {
    id: "nightly",
    nodes: [{ id: "here", runnerCount: 4, resources: {} }],
    steps,
    workDir: ".holdfast-runs",
    log: { level: "info" },
    ...members,
  };
}

/** Adds an operator to a set. */
export function add(
  operators: Operators,
  name: string,
  run: (context: OperatorContext) => unknown,
): void {
  operators.register(name, { run: run as Operator["run"], command: () => ["true"] });
}
