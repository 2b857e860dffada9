import { type Command, defineCommand } from "../../../apps/cli/extending.ts";
import { findPipeline, PIPELINE_ARGUMENT, PIPELINE_OPTIONS } from "../open_pipeline.ts";
import { openPlan } from "./plan.ts";

export const graph: Command = defineCommand({
  name: "pipeline graph",
  summary: "Draw a pipeline: its steps, their order, inputs and outputs.",
  details: "As text, each line lists steps that may run at once. --json lists the upstream steps.",
  args: [PIPELINE_ARGUMENT],
  options: [
    { flags: "--as <form>", text: "format (default: text)", choices: ["text", "mermaid"] },
    { flags: "--plan", text: "mark the steps that would run; opens the registry" },
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    ["holdfast pipeline graph", "the pipeline of this folder, as text"],
    ["holdfast pipeline graph --as mermaid --plan", "a diagram with the steps that would run"],
  ],
  async run([file], { as = "text", plan: isPlanned, ...flags }, context) {
    const { drawPipeline } = await import("../../mod.ts");
    const { levelsOf } = await import("../../graph/order.ts");
    const { pipeline, plan } = isPlanned
      ? await openPlan(file, flags, context)
      : { ...await findPipeline(file, flags, context), plan: undefined };
    if (!context.shared.json) {
      return await context.result(undefined, drawPipeline(pipeline, { as, plan }));
    }
    const decisions = new Map(plan?.steps.map(({ step, decision }) => [step, decision]));
    const steps = pipeline.steps.map(({ id, node, upstream }) => {
      return { step: id, node, upstream, decision: decisions.get(id) };
    });
    const levels = levelsOf(pipeline.steps);
    await context.result({ pipeline: pipeline.id, levels, steps }, undefined);
  },
});
