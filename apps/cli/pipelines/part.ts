// Which steps of a pipeline a command is about.
import type { Pipeline } from "../../../operators/runner/mod.ts";
import type { OptionDefinition } from "../program/command.ts";

export interface PartFlags {
  node?: string[];
  operator?: string[];
  force?: true | string[];
}

/** The definitions of {@linkcode PartFlags}. */
export const PART_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--operator <step>",
    text:
      "only this step, and others that are named so; what it reads of the rest is what those wrote last",
    repeat: true,
  },
  {
    flags: "--node <node>",
    text: "only the steps of this node, besides those named by --operator",
    repeat: true,
  },
  {
    flags: "--force [step]",
    text: "although nothing has changed: this step, or all of them where none is named",
    repeat: true,
  },
];

/** The steps that are meant; undefined where all are. `NotFound` for one that the pipeline has not. */
export async function chosenSteps(
  pipeline: Pipeline,
  { node, operator }: PartFlags,
): Promise<string[] | undefined> {
  if (node === undefined && operator === undefined) return undefined;
  const { selectSteps } = await import("../../../operators/graph/mod.ts");
  return selectSteps(pipeline, { nodes: node, operators: operator }).steps.map(({ id }) => id);
}
