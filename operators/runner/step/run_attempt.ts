// Running the operator of a step once: on this thread, on one of its own, or as a process.
import { fault, type RegistryError } from "../../../core/errors.ts";
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

export interface AttemptResult {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
}

export interface AttemptEnd extends AttemptResult {
  usage?: Record<string, PlainValue>;
}

export interface RunAsCommandOptions {
  note: string;
  log: StepLog;
  /** Values that are in no log. */
  secrets: readonly string[];
  withheld: ReadonlySet<string>;
  hear: StepWatch["hear"];
  operator?: AnyOperator;
}

/** Runs the command of a step, once its environment was made where that is asked for. */
export async function runAsCommand(
  step: PipelineStep,
  given: OperatorContext<unknown>,
  { root, signal, system, note, log, secrets, withheld, hear, operator }:
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
    onUsage: hear,
    system: withoutVariables(system, withheld),
  };
  const command = await commandOf(step, operator, given);
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

async function commandOf(
  step: PipelineStep,
  operator: AnyOperator | undefined,
  given: OperatorContext<unknown>,
) {
  const { startCommand } = step;
  const checked = await prepareContext(startCommand === undefined ? operator! : {}, given);
  return startCommand ?? await operator!.command(checked);
}

/** What a program that makes environments returns is no exit code of an operator. */
function notMade(install: readonly string[], { error, timedOut }: CommandResult): AttemptResult {
  if (timedOut) return { exitCode: EXIT_CODES.resource, error };
  const problem = fault({
    code: "Unsupported",
    action: "make the environment of a step",
    state: `${shown(install.slice(0, 2).join(" "))} failed`,
    hint: error?.hint ?? "Look at its log.",
    cause: error,
  });
  return { exitCode: EXIT_CODES.environment, error: problem };
}

/** Runs the operator where the executor has it: this thread only watches its time, and whether it is cancelled. */
export async function runAsWorker(
  { id, operator, timeoutMs, resources }: PipelineStep,
  given: OperatorContext<unknown>,
  { executor, system, hear }: Pick<RunContext, "executor" | "system"> & Pick<StepWatch, "hear">,
): Promise<AttemptResult> {
  if (executor === undefined) throw noExecutor(id);
  const ended: { there?: OperatorJobEnd } = {};
  const watched: AnyOperator = {
    async run({ logger, registry: _, signal, ...context }) {
      const onLog: JobOptions["onLog"] = (level, text) => logger[level](text);
      const job = { key: operator, context, maxBytes: resources.memoryLimit };
      ended.there = await executor.run("operator", job, { signal, onLog, onUsage: hear });
      return ended.there.exitCode;
    },
    command: () => [],
    validateInput: () => true, // is asked there
  };
  const { exitCode, error } = await runOperator(watched, given, {
    timeoutMs,
    graceMs: Infinity,
    system,
  });
  return { exitCode, error: error ?? ended.there?.error };
}

export function noExecutor(step: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "run step",
    subject: shown(step),
    state: "it is to run in a worker, and nobody said of which module",
    hint:
      "Pass executor: createOperatorExecutor({ module }) of ./workers/operators; the command line does so for a " +
      "pipeline with operators_module. Or leave out run_as: worker.",
  });
}
