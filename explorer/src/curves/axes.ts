// Names of columns that count steps: axes of curves, not measures.
import { formatMs, numberText } from "../format/format.ts";

/** The ends of names of columns that count steps, the best first. */
const STEPS = [/\bsteps?$/i, /\biter(ation)?s?$/i, /\bepochs?$/i, /^ time$/];

/** The columns of runs with the seconds since they began. */
const TIME = /^_(run)?time$/;

/** Returns the columns that count steps, the best first. */
export function axesOf(names: readonly string[]): string[] {
  return STEPS.flatMap((step) => names.filter((name) => step.test(name.replaceAll("_", " "))));
}

/** Returns the name of an axis as people read it. */
export function axisTitle(axis: string): string {
  return TIME.test(axis) ? "time" : axis;
}

/** Returns a function that formats the values of an axis. */
export function xText(axis: string): (value: number) => string {
  return TIME.test(axis) ? timeText : numberText;
}

/** Formats seconds, such as `1 h 30 min`. */
function timeText(seconds: number): string {
  if (seconds === 0) return "0 s";
  return seconds < 0 ? `-${formatMs(-1000 * seconds)}` : formatMs(1000 * seconds);
}
