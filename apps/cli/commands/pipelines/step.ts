// `holdfast pipeline step`
import type { RunEvent, StepOutcome } from "../../../../operators/runner/mod.ts";
import { openPipeline, PIPELINE_OPTIONS, runnerOptions } from "../../pipelines/open_pipeline.ts";
import type { PipelineFlags } from "../../pipelines/open_pipeline.ts";
import {
  ENGINE_OPTION,
  ENGINE_VARIABLE,
  engineUrl,
  openCarrier,
} from "../../pipelines/open_carrier.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printable } from "../../terminal/table.ts";
import { toldOutcome } from "../../pipelines/run_view.ts";

interface StepFlags extends PipelineFlags {
  pipeline?: string;
  shard?: string;
  engine?: string | true;
}

export const step: Command = defineCommand<[run: string, step: string], StepFlags>({
  name: "pipeline step",
  summary: "Execute one step of a run that was planned: what engines and workers call.",
  details:
    "What is executed says the configuration here, never what is stored: where it is not the one that the run was " +
    "planned with, the step is refused. A step that is done is not done again. With an engine, the steps that waited " +
    "for it are handed over when it has ended well.",
  args: [
    { usage: "<run>", text: "the run: my_pipeline@3" },
    { usage: "<step>", text: "the step" },
  ],
  options: [
    {
      flags: "--pipeline <file>",
      text: "the configuration, a file or folder; this folder where it is not given",
      completes: "file",
    },
    {
      flags: "--root <folder>",
      text:
        "the file is the merged one beside the run: nothing overrides it, its paths begin at this folder",
      completes: "file",
    },
    {
      flags: "--shard <i/n>",
      text: "which part of it, where several processes share it; else HOLDFAST_SHARD",
    },
    {
      ...ENGINE_OPTION,
      text: `what carries the steps after it; else ${ENGINE_VARIABLE}; else nobody does`,
    },
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    [
      "holdfast pipeline step nightly@3 train",
      "the step train of run 3, by the pipeline of this folder",
    ],
    ["holdfast pipeline step nightly@3 train --shard 0/4", "the first of four parts of it"],
  ],
  async run([run, step], flags, context) {
    const { io } = context;
    const opened = await openPipeline(flags.pipeline, flags, context);
    const { pipeline, folder } = opened;
    const registry = await context.open({ write: true });
    const { runStep, takeSecrets } = await import("../../../../operators/runner/mod.ts");
    const withSecrets = {
      ...context,
      io: { ...context.io, system: takeSecrets(pipeline, context.io.system) },
    };
    const { parseShard } = await import("../../../../workers/mod.ts");
    const hasEngine = flags.engine !== undefined ||
      Boolean(withSecrets.io.system.env(ENGINE_VARIABLE));
    const shard = flags.shard ?? io.system.env("HOLDFAST_SHARD");
    const carry = hasEngine
      ? await openCarrier(
        {
          url: engineUrl(flags.engine, withSecrets, "--engine"),
          pipeline,
          folder,
          operators: flags.operators,
        },
        withSecrets,
      )
      : undefined;
    try {
      const outcome = await runStep(pipeline, {
        ...runnerOptions(opened, withSecrets),
        ...{ registry, run, step, carry, logger: context.logger },
        ...(shard ? { shard: parseShard(shard) } : {}),
        onEvent: (event) => void tell(event, context),
      });
      await report(outcome, { run, step }, context);
      return outcome.end === "ran" || outcome.end === "skipped" ? 0 : 1;
    } finally {
      await carry?.engine[Symbol.asyncDispose]();
    }
  },
});

async function tell(
  event: RunEvent,
  { io, shared: { json, quiet } }: CommandContext,
): Promise<void> {
  if (json) return await io.stdout.write(`${JSON.stringify(event)}\n`);
  if (event.type === "log" && !quiet) await io.stderr.write(`${printable(event.line)}\n`);
}

async function report(
  outcome: StepOutcome,
  { run, step }: { run: string; step: string },
  context: CommandContext,
): Promise<void> {
  const hint = outcome.hint === undefined ? "" : `\nhint: ${printable(outcome.hint)}`;
  const line = printable(`${run} ${step} ${toldOutcome(outcome)}`);
  if (context.shared.json) await context.result(outcome, undefined);
  else if (outcome.end !== "ran" && outcome.end !== "skipped") {
    await context.io.stderr.write(`error: ${line}${hint}\n`);
  } else await context.result(outcome, line);
}
