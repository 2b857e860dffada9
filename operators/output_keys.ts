// The keys of `outputs`: paths below a step's output root.
import { extname, join } from "node:path";
import { filePathProblem, invalid, shown } from "../core/kernel.ts";

export const WHOLE_OUTPUT = ".";

export const KEY_HINT =
  'Use paths below OUTPUT_ROOT that do not overlap, such as report/a.csv, or "." for all of it.';

/** Extensions of files of metrics. Those of lines have a value for each step, the last one counts. */
export const METRICS_OF_LINES: readonly string[] = [".jsonl", ".ndjson"];
const METRICS_FILES: readonly string[] = [".json", ".yaml", ".yml", ...METRICS_OF_LINES];

/** Returns whether the path of a file of metrics is a pattern: `*.json`. */
export function isPattern(path: string): boolean {
  return path.includes("*");
}

/** Returns why a path cannot name files of metrics; undefined if it can. */
export function metricsProblem(path: string): string | undefined {
  const problem = filePathProblem(path.replaceAll("*", "x"));
  if (problem !== undefined) return problem;
  if (METRICS_FILES.includes(extname(path).toLowerCase())) return undefined;
  return `it does not end in ${METRICS_FILES.join(", ")}`;
}

/** Returns the first key that is not a path below the output root, or that overlaps another one. */
export function findKeyProblem(
  keys: readonly string[],
): { key: string; problem: string } | undefined {
  for (const key of keys) {
    const problem = key === WHOLE_OUTPUT ? undefined : filePathProblem(key);
    if (problem !== undefined) return { key, problem };
    const holder = keys.find((other) =>
      other !== key && (other === WHOLE_OUTPUT || key.startsWith(`${other}/`))
    );
    if (holder !== undefined) {
      return { key, problem: `it is inside output ${JSON.stringify(holder)}` };
    }
  }
}

/** Returns the path of an input or output. Throws `Invalid` if its name leads outside. */
export function inside(folder: string, name: string): string {
  const problem = filePathProblem(name);
  if (problem === undefined) return join(folder, name);
  throw invalid("use", `${shown(name)} as the name of an input or output`, problem, {
    hint: "Use letters, digits, dots, _ and -, as in names of files.",
  });
}
