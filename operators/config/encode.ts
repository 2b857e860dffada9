// A pipeline as text, all of it in one: what is written beside a run, and what has a digest.
import { sha256 } from "../../core/bytes/digest.ts";
import type { Pipeline, PipelineNode, PipelineStep } from "../contract/pipeline.ts";
import type { Resources } from "../../core/engine.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import type {
  NodeDefinition,
  OperatorDefinition,
  OperatorResourceDefinition,
  PipelineDefinition,
} from "./definition.ts";

/**
 * A pipeline as JSON with the keys of a configuration: reading it gives the same pipeline, whatever the environment.
 * Secrets are in it as they were written, `base64://…` or by the name of their variable. For a whole pipeline, not for a
 * part that `selectSteps` gave.
 */
export function encodePipeline(pipeline: Pipeline): string {
  return `${
    JSON.stringify({ pipeline: escaped(definitionOf(pipeline) as unknown as PlainValue) }, null, 2)
  }\n`;
}

/** SHA-256 of what {@linkcode encodePipeline} gives, hexadecimal. */
export function pipelineDigest(pipeline: Pipeline): string {
  return sha256(encodePipeline(pipeline));
}

function definitionOf(pipeline: Pipeline): PipelineDefinition {
  const on = new Map<string, string[]>(pipeline.nodes.map(({ id }) => [id, []]));
  for (const { id, node } of pipeline.steps) on.get(node)?.push(id);
  return {
    pipeline_id: pipeline.id,
    work_dir: pipeline.workDir,
    log_config: pipeline.log,
    operators_module: pipeline.operatorsModule,
    nodes: pipeline.nodes.map((node) => nodeDefinition(node, on.get(node.id)!)),
    operators: pipeline.steps.map(operatorDefinition),
  };
}

function nodeDefinition(
  { id, runnerCount, resources }: PipelineNode,
  operators: string[],
): NodeDefinition {
  return {
    node_id: id,
    operator_ids: operators,
    runner_count: runnerCount,
    resource: resourceDefinition(resources),
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

/** `cpuRequest` as `cpu_request`, and so on. */
function resourceDefinition(resources: Resources): OperatorResourceDefinition {
  const entries = (["cpu", "memory", "gpu", "disk"] as const).flatMap((kind) => [
    [`${kind}_request`, resources[`${kind}Request`]],
    [`${kind}_limit`, resources[`${kind}Limit`]],
  ]);
  return Object.fromEntries(entries);
}

/** With `$${` for `${`: nothing in it is to be put in place again. */
function escaped(value: PlainValue | undefined): PlainValue | undefined {
  if (typeof value === "string") return value.replaceAll("${", "$$${");
  if (Array.isArray(value)) return value.map((item) => escaped(item)!);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)!]));
}
