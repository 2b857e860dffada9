// Builds a pipeline from a checked configuration: applies defaults, and checks it as a whole.
import type {
  EnvironmentConfig,
  Pipeline,
  PipelineNode,
  PipelineStep,
} from "../contract/pipeline.ts";
import type { Resources } from "../contract/engine.ts";
import { didYouMean } from "../../core/kernel.ts";
import { type BuildOptions, checkSteps, type FoundStep } from "./check_steps.ts";
import type { Keys, Report } from "./read_values.ts";
import type { ReadNode, ReadOperator, ReadPipeline } from "./schema.ts";
import { stepOf } from "../graph/step_inputs.ts";
import { scriptCommand } from "./script_command.ts";

/** Returns the pipeline; an unusable one if problems were reported. */
export function buildPipeline(read: ReadPipeline, options: BuildOptions): Pipeline {
  const { report } = options;
  const stepEntries = (read.operators ?? []).flatMap((read: ReadOperator | undefined, index) =>
    read?.operator_id === undefined ? [] : [{ index, id: read.operator_id, read }]
  );
  const ids = new Set(stepEntries.map(({ id }) => id));
  const { nodes, nodeOf } = assignNodes(read, stepEntries, options);
  const environment = { kind: "plain" as const, ...read.env_config };
  const steps = stepEntries.map(({ id, read, index }): PipelineStep => {
    const { operator = id, version = "v1.0", params = {}, inputs = {}, outputs = {} } = read;
    const { script, timeout: timeoutMs, shards = 1 } = read;
    const shell = script === undefined ? undefined : scriptCommand(script);
    const { start_command: startCommand = shell } = read;
    const { run_as: runAs = startCommand === undefined ? "thread" : "command" } = read;
    const { git_repo: repo, git_tag: tag, rerun = ["inputs", "params", "code"] } = read;
    const { upstream_dependencies: named = [], extra_env_vars: env = {} } = read;
    const implied = Object.values(inputs).flatMap((text) => stepOf(text, ids)?.step ?? []);
    const upstream = named.filter((id) => id !== undefined);
    return {
      id,
      operator,
      version,
      node: nodeOf(id),
      upstream: [...new Set([...upstream, ...implied])],
      params,
      inputs,
      outputs,
      ...read.metrics !== undefined && { metrics: [read.metrics].flat() },
      ...startCommand && { startCommand },
      runAs,
      ...timeoutMs !== undefined && { timeoutMs },
      retries: retriesOf(read.retries),
      env,
      environment: environmentOf(read.env_config ?? environment),
      ...repo !== undefined && { git: { repo, ...tag !== undefined && { tag } } },
      shards,
      rerun,
      resources: resourcesOf(read.resource, ["operators", index], report),
    };
  });
  const { level = "info", file } = read.log_config ?? {};
  const pipeline: Pipeline = {
    id: read.pipeline_id ?? options.id,
    nodes,
    steps,
    workDir: read.work_dir ?? ".holdfast-runs",
    log: { level, ...file !== undefined && { file } },
    ...read.operators_module !== undefined && { operatorsModule: read.operators_module },
  };
  checkSteps(stepEntries, pipeline, options);
  return pipeline;
}

function retriesOf(read: ReadOperator["retries"]): PipelineStep["retries"] {
  const retry = typeof read === "number" ? { attempts: read + 1 } : read ?? {};
  const { attempts = 1, backoff: backoffMs = 1_000, exit_codes: exitCodes } = retry;
  return { attempts, backoffMs, ...exitCodes && { exitCodes } };
}

function environmentOf({ kind = "plain", name }: Partial<EnvironmentConfig>): EnvironmentConfig {
  return { kind, ...name !== undefined && { name } };
}

function resourcesOf(read: ReadOperator["resource"], at: Keys, report: Report): Resources {
  const resources: Resources = {};
  for (const kind of ["cpu", "memory", "gpu", "disk"] as const) {
    const request = read?.[`${kind}_request`];
    const limit = read?.[`${kind}_limit`];
    if (request !== undefined) resources[`${kind}Request`] = request;
    if (limit !== undefined) resources[`${kind}Limit`] = limit;
    if (kind === "disk" || request === undefined || limit === undefined || request <= limit) {
      continue;
    }
    const message = `${kind}_request exceeds ${kind}_limit`;
    const hint = `Lower ${kind}_request, or raise ${kind}_limit.`;
    report([...at, "resource", `${kind}_request`], message, hint);
  }
  return resources;
}

/** The node of a pipeline without nodes. */
const THIS_MACHINE = "local";

function assignNodes(
  { nodes: read }: ReadPipeline,
  steps: readonly FoundStep[],
  { cores, report }: BuildOptions,
): { nodes: PipelineNode[]; nodeOf(step: string): string } {
  if (read === undefined) {
    const local = { id: THIS_MACHINE, runnerCount: Math.max(1, cores), resources: {} };
    return { nodes: [local], nodeOf: () => THIS_MACHINE };
  }
  const known = new Set(steps.map(({ id }) => id));
  const nodes = read.flatMap((node: ReadNode | undefined, index) =>
    node?.node_id === undefined ? [] : [{ ...node, id: node.node_id, at: ["nodes", index] }]
  );
  const on = new Map<string, string>();
  const nodeIds = new Set<string>();
  let rest: string | undefined;
  for (const { id, at, operator_ids: steps } of nodes) {
    if (nodeIds.has(id.toLowerCase())) {
      const message = `there are two nodes ${JSON.stringify(id)}`;
      report([...at, "node_id"], message, "Use a unique node_id.");
    }
    nodeIds.add(id.toLowerCase());
    if (steps === undefined) {
      const message = `the nodes ${rest} and ${id} both take the operators without a node`;
      if (rest !== undefined) report([...at, "node_id"], message, "Set operator_ids of one.");
      rest ??= id;
      continue;
    }
    for (const [index, step] of steps.entries()) {
      if (step === undefined) continue;
      const problem = stepProblem(step, known, on.get(step) ?? id, id);
      if (problem === undefined) on.set(step, id);
      else report([...at, "operator_ids", index], problem.message, problem.hint);
    }
  }
  for (const { id, index } of steps) {
    if (on.has(id) || rest !== undefined || nodes.length < read.length) continue;
    const hint =
      "Add it to operator_ids of a node, or omit operator_ids of one node, which takes the rest.";
    const place = ["operators", index, "operator_id"];
    report(place, `the operator ${JSON.stringify(id)} has no node`, hint);
  }
  return {
    nodes: nodes.map(({ id, at, runner_count: runnerCount = 1, resource }) => ({
      id,
      runnerCount,
      resources: resourcesOf(resource, at, report),
    })),
    nodeOf: (step) => on.get(step) ?? rest ?? nodes[0]?.id ?? THIS_MACHINE,
  };
}

/** Returns why a step cannot run on the node `id` if it is on `other`. */
function stepProblem(
  step: string,
  known: ReadonlySet<string>,
  other: string,
  id: string,
): { message: string; hint: string } | undefined {
  if (!known.has(step)) {
    const hint = `${didYouMean(step, known)}operator_ids name operators of this pipeline.`;
    return { message: `there is no operator ${JSON.stringify(step)}`, hint };
  }
  if (other === id) return undefined;
  const message = `${JSON.stringify(step)} is on the node ${other} too`;
  return { message, hint: "Remove it from one of them." };
}
