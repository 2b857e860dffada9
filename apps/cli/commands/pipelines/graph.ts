// `holdfast pipeline graph`
import {
  findPipeline,
  openPipeline,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
  type PipelineFlags,
  runnerOptions,
} from "../../pipelines/open_pipeline.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import type { PipelinePlan } from "../../../../operators/runner/mod.ts";

interface GraphFlags extends PipelineFlags {
  as?: "text" | "mermaid" | "dot" | "svg";
  plan?: boolean;
}

export const graph: Command = defineCommand<[file: string | undefined], GraphFlags>({
  name: "pipeline graph",
  summary: "Draw a pipeline: its steps, what waits for what, and what is read and written.",
  details:
    "As text, a line for what may run at once. With --json what each step waits for, level by level.",
  args: [PIPELINE_ARGUMENT],
  options: [
    {
      flags: "--as <form>",
      text: "how it is drawn (default: text)",
      choices: ["text", "mermaid", "dot", "svg"],
    },
    { flags: "--plan", text: "mark what would run; it needs the registry" },
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    ["holdfast pipeline graph", "the pipeline of this folder, as text"],
    ["holdfast pipeline graph --as svg > pipeline.svg", "a picture"],
    [
      "holdfast pipeline graph --as mermaid --plan",
      "for a page of documentation, with what would run",
    ],
  ],
  async run([file], { as = "text", plan: isPlanned, ...flags }, context) {
    const opened = isPlanned ? await openPipeline(file, flags, context) : undefined;
    const { pipeline } = opened ?? await findPipeline(file, flags, context);
    const { drawPipeline, levelsOf } = await import("../../../../operators/graph/mod.ts");
    const plan = opened && await planned(opened, context);
    if (context.shared.json) {
      const decisions = new Map(plan?.steps.map(({ step, decision }) => [step, decision]));
      const steps = pipeline.steps.map(({ id, node, upstream }) => ({
        step: id,
        node,
        upstream,
        decision: decisions.get(id),
      }));
      return await context.result({
        pipeline: pipeline.id,
        levels: levelsOf(pipeline.steps),
        steps,
      }, undefined);
    }
    await context.result(undefined, (await drawPipeline(pipeline, { as, plan })).trimEnd());
  },
});

async function planned(
  opened: Awaited<ReturnType<typeof openPipeline>>,
  context: CommandContext,
): Promise<PipelinePlan> {
  const { planPipeline } = await import("../../../../operators/runner/mod.ts");
  return await planPipeline(opened.pipeline, {
    ...runnerOptions(opened, context),
    registry: await context.open(),
  });
}
