// Inputs that are outputs of another step: `step:clean`, `step:clean.report`.
/**
 * Parses an input that is a step's output. Ids may contain dots: the longest known one wins.
 *
 * @param ids known steps
 * @returns the step and one of its outputs, by default all; undefined for another kind of input,
 * and for an unknown step
 */
export function stepOf(
  text: string,
  ids: { has(id: string): boolean },
): { step: string; output?: string } | undefined {
  if (!text.startsWith("step:")) return undefined;
  const rest = text.slice("step:".length);
  if (ids.has(rest)) return { step: rest };
  for (let dot = rest.lastIndexOf("."); dot > 0; dot = rest.lastIndexOf(".", dot - 1)) {
    const step = rest.slice(0, dot);
    if (ids.has(step)) return { step, output: rest.slice(dot + 1) };
  }
}
