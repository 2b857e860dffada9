// Running the operator of a step once: on this thread, on one of its own, or as a process.
import { fault, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { EXIT_CODES, type OperatorContext } from "../../../core/pipelines/operator.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { System } from "../../../core/system.ts";
import { checkFree } from "../../monitor/disk.ts";
import { watchStep } from "../../monitor/watch_step.ts";
import type { AnyOperator } from "../../operator.ts";
import { runOperator } from "../../run_operator.ts";
import type { RunContext } from "../run_context.ts";
import type { AttemptEnd, AttemptResult } from "./attempt_end.ts";
import { runAsCommand } from "./run_as_command.ts";
import { noExecutor, runAsWorker } from "./run_as_worker.ts";
import type { StepLog } from "./step_log.ts";

export interface AttemptOptions {
  roots: { inputRoot: string; outputRoot: string; workspaceRoot: string };
  note: string;
  log: StepLog;
  /** Its parameters, with the values of secrets. */
  params: PipelineStep["params"];
  /** Its variables, with the values of secrets. */
  env: Readonly<Record<string, string>>;
  /** Values that are in no log. */
  secrets: readonly string[];
}

/**
 * Runs the operator of a step.
 *
 * @throws the reason of an abort
 */
export async function runAttempt(
  context: RunContext,
  step: PipelineStep,
  { roots, note, log, params, env, secrets }: AttemptOptions,
): Promise<AttemptEnd> {
  const { operators, registry, system, pipeline } = context;
  const needed = step.startCommand === undefined || operators.has(step.operator);
  const operator = needed ? await operators.instance(step.operator, step.id) : undefined; // or says what there is
  await checkFree(roots.outputRoot, step.resources.diskRequest);
  const folders = [roots.outputRoot, roots.workspaceRoot];
  const watch = watchStep({ step, folders, signal: context.signal, system });
  const given = {
    pipelineId: pipeline.id,
    nodeId: step.node,
    operatorId: step.id,
    ...roots,
    params,
    env,
    logger: log.logger,
    registry,
    signal: watch.signal,
    ...(context.shard === undefined ? {} : { shard: context.shard }),
  };
  const options = {
    ...context,
    signal: watch.signal,
    hear: watch.hear,
    note,
    log,
    secrets,
    withheld: context.secrets.variables,
    operator,
  };
  const run = { thread: runAsThread, worker: runAsWorker, command: runAsCommand }[step.runAs];
  let ended: AttemptResult;
  let usage: AttemptEnd["usage"];
  try {
    ended = await run(step, given, options);
  } catch (error) {
    if (error !== watch.exceeded) throw error;
    ended = { exitCode: EXIT_CODES.resource, error };
  } finally {
    usage = await watch.end();
  }
  const { exceeded } = watch; // also where it was seen at the end only
  if (ended.exitCode === EXIT_CODES.ok && exceeded !== undefined) {
    ended = { exitCode: EXIT_CODES.resource, error: exceeded };
  }
  return { ...ended, usage };
}

async function runAsThread(
  { timeoutMs }: PipelineStep,
  given: OperatorContext<unknown>,
  { operator, system }: { operator?: AnyOperator; system: System },
): Promise<AttemptResult> {
  return await runOperator(operator!, given, { timeoutMs, system });
}

/**
 * Refuses steps that this runner cannot run as they ask for.
 *
 * @throws {RegistryError} `Unsupported` naming the first of them
 */
export function checkRunnable(
  steps: readonly PipelineStep[],
  { executor }: Pick<RunContext, "executor">,
): void {
  for (const { id, runAs, shards, outputs } of steps) {
    if (runAs === "worker" && executor === undefined) throw noExecutor(id);
    const elsewhere = shards > 1 &&
      Object.values(outputs).find((to) => !to.startsWith("registry:"));
    if (elsewhere) throw notShared(id, elsewhere);
  }
}

function notShared(step: string, to: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "run step",
    subject: shown(step),
    state: `its shards cannot write ${shown(to)} together`,
    hint:
      "Write registry:NAME: all shards together are one version of it. A step after it may write to a path or URL.",
  });
}
