// Inputs that are another step's outputs: `step:clean`, `step:clean.report`.
/** A step, and which of its outputs. */
export interface StepInput {
  step: string;
  /** The output's name; undefined for all that it wrote. */
  output?: string;
}

/**
 * Reads an input that is a step's output. Ids may have dots: the longest one that there is counts.
 *
 * @param ids the steps that there are
 * @returns undefined for another kind of input, and for a step that is not there
 */
export function stepOf(text: string, ids: { has(id: string): boolean }): StepInput | undefined {
  if (!text.startsWith("step:")) return undefined;
  const rest = text.slice("step:".length);
  if (ids.has(rest)) return { step: rest };
  for (let dot = rest.lastIndexOf("."); dot > 0; dot = rest.lastIndexOf(".", dot - 1)) {
    const step = rest.slice(0, dot);
    if (ids.has(step)) return { step, output: rest.slice(dot + 1) };
  }
}
