// What planning, running and carrying pipelines is given, checked before anything is done.
import { checkGiven, checkOptions, checkRegistry } from "../core/options/check_options.ts";
import type { Pipeline } from "../core/pipelines/pipeline.ts";
import { isOperators } from "./operator_set.ts";
import type { RunnerOptions } from "./runner/run_context.ts";

/** Options of all that have to do with a run: programs give several of them the same ones. */
export const RUN_OPTIONS = {
  registry: true,
  operators: true,
  root: true,
  s3: true,
  executor: true,
  system: true,
  signal: true,
  force: true,
  steps: true,
  onEvent: true,
  failFast: true,
  concurrency: true,
  keep: true,
  machine: true,
  logger: true,
  onRun: true,
  carry: true,
  run: true,
  step: true,
  shard: true,
  array: true,
} as const;

/**
 * Throws `Invalid` for what is no pipeline, registry or set of operators, for options that nobody knows, and for those
 * that are missing. Returns the options.
 *
 * @param action what was asked for: `run a pipeline`
 * @param required those that have to be given besides registry and operators
 */
export function checkRun<O extends RunnerOptions>(
  action: string,
  pipeline: Pipeline,
  options: O,
  required: readonly string[] = [],
): O {
  const is = Array.isArray((pipeline as Pipeline | null | undefined)?.steps);
  const hint =
    "Give what definePipeline() gives, or the pipeline of what loadPipeline() gives: { pipeline }, awaited.";
  checkGiven(action, pipeline, { is, what: "pipeline", hint });
  return checkRunOptions(action, options, required);
}

export function checkRunOptions<O extends RunnerOptions>(
  action: string,
  options: O,
  required: readonly string[] = [],
): O {
  const checked = checkOptions(action, options, RUN_OPTIONS, [
    "registry",
    "operators",
    ...required,
  ]);
  checkRegistry(action, checked.registry);
  checkGiven(action, checked.operators, {
    is: isOperators(checked.operators),
    what: "set of operators",
    hint: "Give what createOperators() gives.",
  });
  return checked;
}
