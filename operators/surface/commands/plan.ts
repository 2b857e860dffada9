import {
  type Command,
  type CommandContext,
  defineCommand,
  formatCount,
  printTable,
  type Row,
} from "../../../apps/cli/extending.ts";
import type { Pipeline, PipelinePlan } from "../../runner/mod.ts";
import {
  chosenSteps,
  openPipeline,
  PART_OPTIONS,
  type PartFlags,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
  type PipelineFlags,
  runnerOptions,
} from "../open_pipeline.ts";

export const plan: Command = defineCommand({
  name: "pipeline plan",
  summary: "Show which steps of a pipeline would run, and why.",
  details:
    "Runs and writes nothing. A step marked `depends` runs unless the steps before it write the " +
    "same outputs as last time.",
  args: [PIPELINE_ARGUMENT],
  options: [
    { flags: "--check", text: "only check the files and operators, without a registry" },
    ...PART_OPTIONS,
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    ["holdfast pipeline plan", "the pipeline of this folder"],
    ["holdfast pipeline plan --check", "lists all mistakes with file, line and column"],
    ["holdfast pipeline plan --set operators.train.params.lr=0.2", "with another value"],
    ["holdfast pipeline plan nightly.yaml --json", "as one object"],
  ],
  run: ([file], { check, ...flags }, context) =>
    check ? printCheck(file, flags, context) : printPlan(file, flags, context),
});

async function printCheck(
  file: string | undefined,
  flags: PipelineFlags & PartFlags,
  context: CommandContext,
): Promise<void> {
  const { pipeline: { id, steps, nodes }, files } = await openPipeline(file, flags, context);
  const order = steps.map(({ id }) => id);
  const counts = `${formatCount(steps.length, "step")}, ${formatCount(nodes.length, "node")}`;
  await context.done({ pipeline: id, files, steps: order }, `${id} is valid: ${counts}`);
}

export async function printPlan(
  file: string | undefined,
  flags: PipelineFlags & PartFlags,
  context: CommandContext,
): Promise<void> {
  const { shared: { json, quiet } } = context;
  const { plan } = await openPlan(file, flags, context);
  if (json) return await context.result(plan, undefined);
  const columns = [{ title: "STEP", shrinks: true }, "DECISION", { title: "WHY", shrinks: true }];
  await printTable(context, quiet ? undefined : columns, rowsOf(plan));
  const count = (wanted: string) => plan.steps.filter(({ decision }) => decision === wanted).length;
  const depending = count("depends") > 0 ? `, ${count("depends")} more may` : "";
  const steps = formatCount(plan.steps.length, "step");
  await context.note(`${count("run")} of ${steps} would run${depending}`);
}

export async function openPlan(
  file: string | undefined,
  flags: PipelineFlags & PartFlags,
  context: CommandContext,
): Promise<{ pipeline: Pipeline; plan: PipelinePlan }> {
  const opened = await openPipeline(file, flags, context);
  const { pipeline } = opened;
  const { planPipeline } = await import("../../runner/mod.ts");
  const plan = await planPipeline(pipeline, {
    ...runnerOptions(opened, context),
    registry: await context.open(),
    force: flags.force,
    steps: await chosenSteps(pipeline, flags),
  });
  return { pipeline, plan };
}

function* rowsOf({ steps }: PipelinePlan): Generator<Row> {
  for (const { step, decision, reasons } of steps) {
    const [first = "nothing changed", ...more] = reasons;
    yield { json: {}, cells: [step, decision, first] };
    for (const reason of more) yield { json: {}, cells: ["", "", reason] };
  }
}
