// `holdfast pipeline plan`
import type { PipelinePlan, PlannedStep } from "../../../../operators/runner/mod.ts";
import {
  openPipeline,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
  type PipelineFlags,
  runnerOptions,
} from "../../pipelines/open_pipeline.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printTable, type Row } from "../../terminal/print_table.ts";
import { formatCount } from "../../terminal/units.ts";
import { chosenSteps, PART_OPTIONS, type PartFlags } from "../../pipelines/part.ts";

export const plan: Command = defineCommand<[file: string | undefined], PipelineFlags & PartFlags>({
  name: "pipeline plan",
  summary: "Say for each step of a pipeline whether it would run, and why.",
  details:
    "Nothing is run and nothing is written. `depends` is a step that runs unless those before it write what they " +
    "wrote the last time.",
  args: [PIPELINE_ARGUMENT],
  options: [...PART_OPTIONS, ...PIPELINE_OPTIONS],
  examples: [
    ["holdfast pipeline plan", "the pipeline of this folder"],
    [
      "holdfast pipeline plan --set operators.train.params.lr=0.2",
      "what another value would make run again",
    ],
    ["holdfast pipeline plan nightly.yaml --json", "as one object"],
  ],
  run: ([file], flags, context) => printPlan(file, flags, context),
});

export async function printPlan(
  file: string | undefined,
  flags: PipelineFlags & PartFlags,
  context: CommandContext,
): Promise<void> {
  const opened = await openPipeline(file, flags, context);
  const { pipeline } = opened;
  const { planPipeline } = await import("../../../../operators/runner/mod.ts");
  const registry = await context.open();
  const planned = await planPipeline(pipeline, {
    ...runnerOptions(opened, context),
    registry,
    force: flags.force,
    steps: await chosenSteps(pipeline, flags),
  });
  if (context.shared.json) return await context.result(planned, undefined);
  const columns = [{ title: "STEP", shrinks: true }, { title: "DECISION" }, {
    title: "WHY",
    shrinks: true,
  }];
  await printTable(context, context.shared.quiet ? undefined : columns, rowsOf(planned));
  const count = (...decisions: string[]) =>
    planned.steps.filter((step) => decisions.includes(step.decision)).length;
  const depending = count("depends") > 0 ? `, ${count("depends")} more may` : "";
  await context.note(
    `${count("run")} of ${formatCount(planned.steps.length, "step")} would run${depending}`,
  );
}

function* rowsOf({ steps }: PipelinePlan): Generator<Row> {
  for (const { step, decision, reasons } of steps) {
    const [first, ...more] = reasons.length === 0 ? [SKIPPED] : reasons;
    yield { json: {}, cells: [step, decision, first] };
    for (const reason of more) yield { json: {}, cells: ["", "", reason] };
  }
}

const SKIPPED: PlannedStep["reasons"][number] = "nothing changed";
