// Names of columns that count steps: axes of curves, not measures.

/** The ends of names of columns that count steps, the best first. */
const STEPS = [/\bsteps?$/i, /\biter(ation)?s?$/i, /\bepochs?$/i, /^ time$/];

/** Returns the columns that count steps, the best first. */
export function axesOf(names: readonly string[]): string[] {
  return STEPS.flatMap((step) => names.filter((name) => step.test(name.replaceAll("_", " "))));
}
