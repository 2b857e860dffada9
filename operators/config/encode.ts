// Encodes a pipeline as one JSON file, which is saved with a run.
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import type { Resources } from "../contract/engine.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import { valueAt } from "../../core/kernel.ts";
import type {
  OperatorDefinition,
  OperatorResourceDefinition,
  PipelineDefinition,
} from "./definition.ts";

/**
 * Encodes a pipeline as JSON with the keys of a configuration. Parsing it gives the same pipeline
 * in any environment. A secret is the name of its variable. For a whole
 * pipeline, not for a part from `selectSteps`.
 */
export function encodePipeline(pipeline: Pipeline): string {
  const definition = escaped(definitionOf(pipeline) as unknown as PlainValue);
  return `${JSON.stringify({ pipeline: definition }, null, 2)}\n`;
}

function definitionOf(pipeline: Pipeline): PipelineDefinition {
  const on = new Map<string, string[]>(pipeline.nodes.map(({ id }) => [id, []]));
  for (const { id, node } of pipeline.steps) on.get(node)?.push(id);
  return {
    pipeline_id: pipeline.id,
    work_dir: pipeline.workDir,
    log_config: pipeline.log,
    operators_module: pipeline.operatorsModule,
    nodes: pipeline.nodes.map(({ id, runnerCount, resources }) => ({
      node_id: id,
      operator_ids: valueAt(on, id),
      runner_count: runnerCount,
      resource: resourceDefinition(resources),
    })),
    operators: pipeline.steps.map(operatorDefinition),
  };
}

function operatorDefinition(step: PipelineStep): OperatorDefinition {
  const { retries, timeoutMs, git } = step;
  return {
    operator_id: step.id,
    operator: step.operator,
    version: step.version,
    upstream_dependencies: step.upstream,
    params: step.params,
    inputs: step.inputs,
    outputs: step.outputs,
    metrics: step.metrics,
    start_command: step.startCommand,
    run_as: step.runAs,
    timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms`,
    retries: {
      attempts: retries.attempts,
      backoff: `${retries.backoffMs}ms`,
      exit_codes: retries.exitCodes,
    },
    extra_env_vars: step.env,
    env_config: step.environment,
    git_repo: git?.repo,
    git_tag: git?.tag,
    shards: step.shards,
    rerun: step.rerun,
    resource: resourceDefinition(step.resources),
  };
}

/** Renames `cpuRequest` to `cpu_request`, and so on. */
function resourceDefinition(resources: Resources): OperatorResourceDefinition {
  const entries = (["cpu", "memory", "gpu", "disk"] as const).flatMap((kind) => [
    [`${kind}_request`, resources[`${kind}Request`]],
    [`${kind}_limit`, resources[`${kind}Limit`]],
  ]);
  return Object.fromEntries(entries);
}

/** Escapes `${` as `$${`: the values are final. */
function escaped(value: PlainValue | undefined): PlainValue | undefined {
  if (typeof value === "string") return value.replaceAll("${", "$$${");
  if (Array.isArray(value)) return value.map((item) => escaped(item)!);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)!]));
}
