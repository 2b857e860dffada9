/**
 * Running the operator of a step once: on this thread, in a worker, or as a process.
 *
 * @module
 */
import { RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { ExitCode } from "../../../core/pipelines/operator.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";
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
  { roots, log, params, env }: AttemptOptions,
): Promise<AttemptEnd> {
  const { operators, registry, signal, system, pipeline } = context;
  const operator = operators.has(step.operator) ? await operators.instance(step.operator, step.id) : undefined;
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
  };
  if (step.runAs === "thread") {
    const found = operator ?? operators.get(step.operator) as never; // says what there is
    const { exitCode, error } = await runOperator(found, given, { timeoutMs: step.timeoutMs, system });
    return { exitCode, error, declared };
  }
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot run step ${shown(step.id)}: it is to run as ${step.runAs}, which this program cannot`,
    hint: "Set run_as: thread.",
  });
}
