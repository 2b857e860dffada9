/**
 * Running the operator of a step once: on this thread, or as a process.
 *
 * @module
 */
import { RegistryError } from "../../../core/errors.ts";
import type { JobOptions } from "../../../core/executor.ts";
import { shown } from "../../../core/naming/names.ts";
import type { ExitCode, OperatorContext } from "../../../core/pipelines/operator.ts";
import type { OperatorJobEnd } from "../../../core/pipelines/operator_job.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";
import type { AnyOperator } from "../../operator.ts";
import { prepareContext } from "../../prepare.ts";
import { runCommand } from "../../process/run_command.ts";
import { stepVariables } from "../../process/step_variables.ts";
import { runOperator } from "../../run_operator.ts";
import type { RunContext } from "../run_context.ts";
import type { StepLog } from "./step_log.ts";

/** What an attempt is given. */
export interface AttemptOptions {
  /** Its folders. */
  roots: { inputRoot: string; outputRoot: string; workspaceRoot: string };
  /** Where what it says goes. */
  log: StepLog;
  /** Its parameters, with the values of secrets. */
  params: PipelineStep["params"];
  /** Its variables, with the values of secrets. */
  env: Readonly<Record<string, string>>;
  /** Values that are in no log. */
  secrets: readonly string[];
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
  /** Names of outputs that the operator says it writes. */
  declared: readonly string[];
  /** What it took of the machine. */
  usage?: Record<string, PlainValue>;
}

/**
 * Runs the operator of a step.
 *
 * @throws the reason of an abort
 */
export async function runAttempt(
  context: RunContext,
  step: PipelineStep,
  { roots, log, params, env, secrets }: AttemptOptions,
): Promise<AttemptEnd> {
  const { operators, registry, signal, system, pipeline } = context;
  const needed = step.startCommand === undefined || operators.has(step.operator);
  const operator = needed ? await operators.instance(step.operator, step.id) : undefined; // or says what there is
  const declared = Object.keys(operator?.outputs ?? {});
  const given = {
    pipelineId: pipeline.id,
    nodeId: step.node,
    operatorId: step.id,
    ...roots,
    params,
    env,
    logger: log.logger,
    registry,
    signal,
    ...(context.shard === undefined ? {} : { shard: context.shard }),
  };
  if (step.runAs === "thread") {
    const { exitCode, error } = await runOperator(operator!, given, { timeoutMs: step.timeoutMs, system });
    return { exitCode, error, declared };
  }
  if (step.runAs === "worker") return { ...await runInWorker(step, given, context), declared };
  const command = await commandOf(step, operator, given);
  const { exitCode, error, peakBytes, cpuSeconds } = await runCommand(command, {
    cwd: context.root,
    env: stepVariables(given),
    secrets,
    signal,
    timeoutMs: step.timeoutMs,
    maxBytes: step.resources.memoryLimit,
    onLine: (stream, line) => log.write(stream, line),
    system,
  });
  return { exitCode, error, declared, usage: { peakBytes, cpuSeconds } };
}

/** Runs the operator where the executor has it: this thread only watches its time, and whether it is cancelled. */
async function runInWorker(
  { id, operator, timeoutMs, resources }: PipelineStep,
  given: OperatorContext<unknown>,
  { executor, system }: Pick<RunContext, "executor" | "system">,
): Promise<Omit<AttemptEnd, "declared">> {
  if (executor === undefined) throw noExecutor(id);
  const ended: { there?: OperatorJobEnd } = {};
  const usage = { peakBytes: 0, cpuSeconds: 0 };
  const onUsage: JobOptions["onUsage"] = ({ bytes, cpuSeconds }) => {
    Object.assign(usage, { peakBytes: Math.max(usage.peakBytes, bytes), cpuSeconds });
  };
  const watched: AnyOperator = {
    async run({ logger, registry: _, signal, ...context }) {
      const onLog: JobOptions["onLog"] = (level, text) => logger[level](text);
      const job = { key: operator, context, maxBytes: resources.memoryLimit };
      ended.there = await executor.run("operator", job, { signal, onLog, onUsage });
      return ended.there.exitCode;
    },
    command: () => [],
    validateInput: () => true, // is asked there
  };
  const { exitCode, error } = await runOperator(watched, given, { timeoutMs, graceMs: Infinity, system });
  return { exitCode, error: error ?? ended.there?.error, usage };
}

/** The command of a step, once its input was looked at as for every other step. */
async function commandOf(step: PipelineStep, operator: AnyOperator | undefined, given: OperatorContext<unknown>) {
  const { startCommand } = step;
  const checked = await prepareContext(startCommand === undefined ? operator! : {}, given);
  return startCommand ?? await operator!.command(checked);
}

/**
 * Refuses steps that this runner cannot run as they ask for.
 *
 * @throws {RegistryError} `Unsupported` naming the first of them
 */
export function checkRunnable(steps: readonly PipelineStep[], { executor }: Pick<RunContext, "executor">): void {
  for (const { id, runAs, shards, environment } of steps) {
    if (runAs === "worker" && executor === undefined) throw noExecutor(id);
    const state = shards > 1
      ? `${shards} processes are to share it`
      : environment.kind !== "plain"
      ? `it is to run in an environment of ${environment.kind}`
      : undefined;
    if (state === undefined) continue;
    throw new RegistryError({
      code: "Unsupported",
      message: `Cannot run step ${shown(id)}: ${state}, which is not possible yet`,
      hint: "Let it run as a thread or a plain command; a start command may activate an environment itself (uv run …).",
    });
  }
}

function noExecutor(step: string): RegistryError {
  return new RegistryError({
    code: "Unsupported",
    message: `Cannot run step ${shown(step)}: it is to run in a worker, and nobody said of which module`,
    hint: "Pass executor: createOperatorExecutor({ module }) of ./workers/operators; the command line does so for a " +
      "pipeline with operators_module. Or leave out run_as: worker.",
  });
}
