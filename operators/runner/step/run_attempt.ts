// Runs the operator of a step once: on this thread, or as a process.
import { EXIT_CODES, type ExitCode, type OperatorContext } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { checkFree, type StepWatch, watchStep } from "../../monitor/watch_step.ts";
import { type AnyOperator, prepareContext } from "../../operator.ts";
import { runOperator } from "../../run_operator.ts";
import type { RunContext } from "../run_context.ts";
import type { StepLog } from "./step_log.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import { activate } from "../../process/environment.ts";
import { type RunCommandOptions, runNotedCommand } from "../../process/run_command.ts";
import { stepVariables } from "../../process/step_variables.ts";
import { withoutVariables } from "../../process/variables.ts";

interface AttemptOptions {
  roots: { inputRoot: string; outputRoot: string; workspaceRoot: string };
  /** File for the processes of its command. */
  note: string;
  log: StepLog;
  /** Parameters, with the values of secrets. */
  params: PipelineStep["params"];
  /** Variables, with the values of secrets. */
  env: Readonly<Record<string, string>>;
  /** Completes the outputs of a success. What it writes counts as the step's. */
  complete(signal: AbortSignal): Promise<void>;
}

export interface AttemptEnd {
  exitCode: ExitCode;
  /** The cause of an exit code other than 0. */
  error?: unknown;
  usage?: Record<string, PlainValue>;
}

/** Runs the operator of a step. Throws the reason of an abort. */
export async function runAttempt(
  context: RunContext,
  step: PipelineStep,
  options: AttemptOptions,
): Promise<AttemptEnd> {
  const { operators, registry, system, pipeline, shard } = context;
  const { roots, log, params, env } = options;
  const { timeoutMs, runAs } = step;
  // `instance` throws for an unknown operator; a start command needs none.
  const needed = step.startCommand === undefined || operators.has(step.operator);
  const operator = needed ? await operators.instance(step.operator, step.id) : undefined;
  await checkFree(roots.outputRoot, step.resources.diskRequest);
  const folders = [roots.outputRoot, roots.workspaceRoot];
  const watch = watchStep(step, { folders, signal: context.signal, system });
  const operatorContext: OperatorContext<unknown> = {
    pipelineId: pipeline.id,
    nodeId: step.node,
    operatorId: step.id,
    ...roots,
    params,
    env,
    logger: log.logger,
    registry,
    shard,
    signal: watch.signal,
  };
  const { onUsage } = watch;
  let ended: AttemptEnd;
  let usage: AttemptEnd["usage"];
  try {
    ended = runAs === "thread"
      ? await runOperator(operator!, operatorContext, { timeoutMs, system })
      : await runAsCommand(context, step, operatorContext, { ...options, onUsage, operator });
    if (ended.exitCode === EXIT_CODES.ok) await options.complete(watch.signal);
  } catch (error) {
    if (error !== watch.exceeded) throw error;
    ended = { exitCode: EXIT_CODES.resource, error };
  } finally {
    usage = await watch.end();
  }
  const { exceeded } = watch; // may be set by the last sample
  if (ended.exitCode === EXIT_CODES.ok && exceeded !== undefined) {
    ended = { exitCode: EXIT_CODES.resource, error: exceeded };
  }
  return { exitCode: ended.exitCode, error: ended.error, usage };
}

async function runAsCommand(
  { root, system, secrets }: RunContext,
  step: PipelineStep,
  operatorContext: OperatorContext<unknown>,
  { note, log, onUsage, operator }: AttemptOptions & {
    onUsage: StepWatch["onUsage"];
    operator?: AnyOperator;
  },
): Promise<AttemptEnd> {
  const onNote = (line: string) => log.write("warn", line);
  const options: RunCommandOptions = {
    cwd: root,
    env: stepVariables(operatorContext),
    secrets: secrets.values,
    signal: operatorContext.signal,
    timeoutMs: step.timeoutMs,
    maxBytes: step.resources.memoryLimit,
    onLine: (stream, line) => log.write(stream, line),
    onUsage,
    system: withoutVariables(system, secrets.variables),
  };
  const { startCommand } = step;
  const checked = await prepareContext(
    startCommand === undefined ? operator! : {},
    operatorContext,
  );
  const command = startCommand ?? await operator!.command(checked);
  const variables = await activate(step.environment, { root, env: operatorContext.env, system });
  const env = { ...options.env, ...variables };
  return await runNotedCommand(
    command,
    { ...options, env, outputs: { folder: operatorContext.outputRoot, onNote } },
    note,
  );
}
