// Running the command of a step, in its environment.
import { fault } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { EXIT_CODES, type OperatorContext } from "../../../core/pipelines/operator.ts";
import { withoutVariables } from "../../../core/system.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import { activate, installCommand } from "../../environment/mod.ts";
import type { AnyOperator } from "../../operator.ts";
import type { StepWatch } from "../../monitor/watch_step.ts";
import { prepareContext } from "../../prepare.ts";
import { runNotedCommand } from "../../process/run_command.ts";
import type { CommandResult, RunCommandOptions } from "../../process/run_command.ts";
import { stepVariables } from "../../process/step_variables.ts";
import type { RunContext } from "../run_context.ts";
import type { AttemptResult } from "./attempt_end.ts";
import type { StepLog } from "./step_log.ts";

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
