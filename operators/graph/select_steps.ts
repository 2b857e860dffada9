// Choosing a part of a pipeline.
import { fault } from "../../core/errors.ts";
import type { Pipeline } from "../contract/pipeline.ts";

/** What {@linkcode selectSteps} is asked for. */
export interface StepSelection {
  nodes?: readonly string[];
  operators?: readonly string[];
}

/**
 * The part of a pipeline that these nodes and steps are, in the order of the pipeline; all of it where nothing is asked
 * for. What a step of it depends on besides is taken from the registry, as an earlier run left it.
 *
 * @throws {RegistryError} `NotFound` for an id that the pipeline has not
 */
export function selectSteps(
  pipeline: Pipeline,
  { nodes = [], operators = [] }: StepSelection,
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
  throw fault({
    code: "NotFound",
    action: "select",
    subject: `${what} ${JSON.stringify(missing)}`,
    state: `the pipeline has no such ${what}`,
    hint: `There is: ${known.slice(0, 20).join(", ")}${known.length > 20 ? " …" : ""}.`,
  });
}
