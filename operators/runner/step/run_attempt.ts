// Runs the operator of a step once: on this thread, on a worker thread, or as a process.
import { fault } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import {
  EXIT_CODES,
  type ExitCode,
  type OperatorContext,
  type OperatorJobEnd,
} from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { type System, withoutVariables } from "../../../core/system.ts";
import { checkFree, type StepWatch, watchStep } from "../../monitor/watch_step.ts";
import type { AnyOperator } from "../../operator.ts";
import { runOperator } from "../../run_operator.ts";
import type { RunContext } from "../run_context.ts";
import type { StepLog } from "./step_log.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";
import { activate, installCommand } from "../../environment/mod.ts";
import { prepareContext } from "../../prepare.ts";
import { runNotedCommand } from "../../process/run_command.ts";
import type { CommandResult, RunCommandOptions } from "../../process/run_command.ts";
import { stepVariables } from "../../process/step_variables.ts";
import type { JobOptions } from "../../../core/executor.ts";

export interface AttemptOptions {
  roots: { inputRoot: string; outputRoot: string; workspaceRoot: string };
  note: string;
  log: StepLog;
  /** Parameters, with the values of secrets. */
  params: PipelineStep["params"];
  /** Variables, with the values of secrets. */
  env: Readonly<Record<string, string>>;
  /** Values that no log may contain. */
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
  // `instance` throws for an unknown operator; a start command needs none.
  const needed = step.startCommand === undefined || operators.has(step.operator);
  const operator = needed ? await operators.instance(step.operator, step.id) : undefined;
  await checkFree(roots.outputRoot, step.resources.diskRequest);
  const folders = [roots.outputRoot, roots.workspaceRoot];
  const watch = watchStep(step, { folders, signal: context.signal, system });
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
    shard: context.shard,
  };
  const options = {
    ...context,
    signal: watch.signal,
    onUsage: watch.onUsage,
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
  const { exceeded } = watch; // may be set by the last sample
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


export interface AttemptResult {
  exitCode: ExitCode;
  /** The cause of an exit code other than 0. */
  error?: unknown;
}

export interface AttemptEnd extends AttemptResult {
  usage?: Record<string, PlainValue>;
}

interface RunAsCommandOptions {
  note: string;
  log: StepLog;
  /** Values that no log may contain. */
  secrets: readonly string[];
  withheld: ReadonlySet<string>;
  onUsage: StepWatch["onUsage"];
  operator?: AnyOperator;
}

/** Runs the command of a step. Creates its environment first, if `install` is set. */
async function runAsCommand(
  step: PipelineStep,
  given: OperatorContext<unknown>,
  { root, signal, system, note, log, secrets, withheld, onUsage, operator }:
    & Pick<RunContext, "root" | "signal" | "system">
    & RunAsCommandOptions,
): Promise<AttemptResult> {
  const options: RunCommandOptions = {
    cwd: root,
    env: stepVariables(given),
    secrets,
    signal,
    timeoutMs: step.timeoutMs,
    maxBytes: step.resources.memoryLimit,
    onLine: (stream, line) => log.write(stream, line),
    onUsage,
    system: withoutVariables(system, withheld),
  };
  const { startCommand } = step;
  const checked = await prepareContext(startCommand === undefined ? operator! : {}, given);
  const command = startCommand ?? await operator!.command(checked);
  const places = { root, env: given.env, system };
  const install = await installCommand(step.environment, places);
  if (install !== undefined) {
    const made = await runNotedCommand(install, options, note);
    if (made.exitCode !== EXIT_CODES.ok) return notMade(install, made);
  }
  const { env, before } = await activate(step.environment, places);
  const whole = { ...options, env: { ...options.env, ...env } };
  return await runNotedCommand([...before, ...command], whole, note);
}

/**
 * Maps the failure of a tool that creates environments, whose exit codes are not those of
 * operators.
 */
function notMade(install: readonly string[], { error, timedOut }: CommandResult): AttemptResult {
  if (timedOut) return { exitCode: EXIT_CODES.resource, error };
  const problem = fault({
    action: "create the environment of a step",
    state: `${shown(install.slice(0, 2).join(" "))} failed`,
    hint: error?.hint ?? "Check its log.",
    hint: error?.hint ?? "Look at its log.",
    cause: error,
  });
  return { exitCode: EXIT_CODES.environment, error: problem };
}

/** Runs the operator on the executor's thread. This thread watches its time and cancellation. */
async function runAsWorker(
  { operator, timeoutMs, resources }: PipelineStep,
  given: OperatorContext<unknown>,
  { executor, system, onUsage }:
    & Pick<RunContext, "executor" | "system">
    & Pick<StepWatch, "onUsage">,
): Promise<AttemptResult> {
  const ended: { there?: OperatorJobEnd } = {};
  const watched: AnyOperator = {
    async run({ logger, registry: _, signal, ...context }) {
      const onLog: JobOptions["onLog"] = (level, text) => logger[level](text);
      const job = { key: operator, context, maxBytes: resources.memoryLimit };
      ended.there = await executor!.run("operator", job, { signal, onLog, onUsage });
      return ended.there.exitCode;
    },
    command: () => [],
    validateInput: () => true, // checked by the executor
  };
  const options = { timeoutMs, graceMs: Infinity, system };
  const { exitCode, error } = await runOperator(watched, given, options);
  return { exitCode, error: error ?? ended.there?.error };
}
