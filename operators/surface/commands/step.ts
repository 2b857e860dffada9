import { ENGINE_VARIABLE } from "../../process/step_variables.ts";
import {
  defineCommand,
  engineUrl,
  printable,
  printableJson,
  reportError,
  stdinOf,
} from "../../../apps/cli/extending.ts";
import type {
  Command,
  CommandContext,
  FlagsOf,
  OptionDefinition,
} from "../../../apps/cli/extending.ts";
import { isRegistryError } from "../../../core/kernel.ts";
import { DELIVER_AGAIN } from "../../contract/engine.ts";
import type { RunEvent, StepOutcome } from "../../runner/mod.ts";
import { failOnStrays } from "../fail_on_strays.ts";
import { openPipeline, PIPELINE_OPTIONS, runnerOptions } from "../open_pipeline.ts";
import { ENGINE_OPTION, openCarrier } from "../open_carrier.ts";
import { takeSteps } from "../take_steps.ts";
import { outcomeText } from "../run_view.ts";

const OPTIONS = [
  {
    flags: "--pipeline <file>",
    text: "the configuration, a file or folder (default: this folder)",
    completes: "file",
  },
  {
    flags: "--root <folder>",
    text: "read the merged file of the run, with paths relative to this folder",
    completes: "file",
  },
  { flags: "--shard <i/n>", text: "execute this shard of it (default: HOLDFAST_SHARD)" },
  { ...ENGINE_OPTION, text: `submit the next steps to it (default: ${ENGINE_VARIABLE})` },
  ...PIPELINE_OPTIONS,
] as const satisfies readonly OptionDefinition[];

export const step: Command = defineCommand({
  name: "pipeline step",
  summary: "Execute steps of a planned run, for engines and workers.",
  details:
    "Executes the local configuration, never a stored one, and refuses it if the run was planned " +
    "with another. A finished step is not run again. With an engine, a success submits the steps " +
    "that waited for it. Without a step, engines and workers write steps to standard input. If " +
    "the registry or the engine is away, the exit code is 75: execute the step again.",
  args: [
    { usage: "<run>", text: "the run, such as my_pipeline@3" },
    { usage: "[step]", text: "the step (default: those on standard input)" },
  ],
  options: OPTIONS,
  examples: [
    ["holdfast pipeline step nightly@3 train", "the step train of run 3"],
    ["holdfast pipeline step nightly@3 train --shard 0/4", "the first of its four shards"],
  ],
  async run(args, flags, context) {
    using _strays = failOnStrays(context);
    try {
      return await executeSteps(args, flags, context);
    } catch (error) {
      if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
      await reportError(error, context.shared, context.io, context);
      return DELIVER_AGAIN;
    }
  },
});

async function executeSteps(
  [run, step]: readonly [run: string, step?: string],
  flags: FlagsOf<typeof OPTIONS>,
  context: CommandContext,
): Promise<number | void> {
  const { io } = context;
  const opened = await openPipeline(flags.pipeline, flags, context);
  const { pipeline, folder } = opened;
  const registry = await context.open({ write: true });
  const { createRunHandler, runStep, takeSecrets } = await import("../../runner/mod.ts");
  const system = takeSecrets(pipeline, io.system);
  const withSecrets = { ...context, io: { ...io, system } };
  const { parseShard } = await import("../../../apps/cli/values/find_shard.ts");
  const hasEngine = flags.engine !== undefined || withSecrets.io.system.env(ENGINE_VARIABLE);
  const url = hasEngine ? engineUrl(flags.engine, withSecrets, "--engine") : undefined;
  const shard = flags.shard ?? io.system.env("HOLDFAST_SHARD");
  const { engines } = opened;
  const { operators } = flags;
  const carry = url === undefined
    ? undefined
    : await openCarrier({ url, pipeline, folder, operators, engines }, withSecrets);
  const options = {
    ...runnerOptions(opened, withSecrets),
    registry,
    carry,
    logger: context.logger,
    onEvent: (event: RunEvent) => printEvent(event, context),
  };
  try {
    if (step === undefined) {
      await takeSteps(createRunHandler([pipeline], options), {
        stdin: stdinOf(io),
        stdout: io.stdout,
        stderr: io.stderr,
        signal: io.signal,
      });
      return;
    }
    const outcome = await runStep(pipeline, {
      ...options,
      run,
      step,
      ...(shard ? { shard: parseShard(shard) } : {}),
    });
    await printOutcome(outcome, { run, step }, context);
    return outcome.end === "ran" || outcome.end === "skipped" ? 0 : 1;
  } finally {
    await carry?.engine[Symbol.asyncDispose]();
  }
}

function printEvent(event: RunEvent, { io, shared: { json, quiet } }: CommandContext): void {
  if (json) void io.stdout.write(`${printableJson(event)}\n`);
  else if (event.type === "log" && !quiet) void io.stderr.write(`${printable(event.line)}\n`);
}

async function printOutcome(
  outcome: StepOutcome,
  { run, step }: { run: string; step: string },
  context: CommandContext,
): Promise<void> {
  const advice = context.hint({ hint: outcome.hint, reason: outcome.hintReason });
  const hint = advice === undefined ? "" : `\nhint: ${printable(advice)}`;
  const line = printable(`${run} ${step} ${outcomeText(outcome)}`);
  if (context.shared.json) await context.result(outcome, undefined);
  else if (outcome.end !== "ran" && outcome.end !== "skipped") {
    await context.io.stderr.write(`error: ${line}${hint}\n`);
  } else await context.result(outcome, line);
}
