// Selects a part of a pipeline.
import { notFound } from "../../core/kernel.ts";
import type { Pipeline } from "../contract/pipeline.ts";

/**
 * Returns a pipeline with the steps of these nodes and operators, in its order; all steps if none
 * are given. Outputs of other steps are read from an earlier run.
 *
 * @throws {RegistryError} `NotFound` for an unknown id
 */
export function selectSteps(
  pipeline: Pipeline,
  { nodes = [], operators = [] }: { nodes?: readonly string[]; operators?: readonly string[] },
): Pipeline {
  if (nodes.length === 0 && operators.length === 0) return pipeline;
  checkIds("node", nodes, pipeline.nodes.map(({ id }) => id));
  checkIds("operator", operators, pipeline.steps.map(({ id }) => id));
  const isAsked = ({ id, node }: { id: string; node: string }) =>
    operators.includes(id) || nodes.includes(node);
  return { ...pipeline, steps: pipeline.steps.filter(isAsked) };
}

function checkIds(what: string, asked: readonly string[], known: readonly string[]): void {
  const missing = asked.find((id) => !known.includes(id));
  if (missing === undefined) return;
  const state = `the pipeline has no such ${what}`;
  const hint = `Choose from: ${known.slice(0, 20).join(", ")}${known.length > 20 ? " …" : ""}.`;
  throw notFound("select", `${what} ${JSON.stringify(missing)}`, state, { hint });
}
