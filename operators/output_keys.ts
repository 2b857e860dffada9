// The keys of `outputs`: paths below a step's output root.
import { filePathProblem } from "../core/naming/file_paths.ts";

export const WHOLE_OUTPUT = ".";

/** What to do about a key that cannot be used. */
export const KEY_HINT =
  'Use paths below OUTPUT_ROOT that do not overlap, such as report/a.csv, or "." for all of it.';

export interface KeyProblem {
  key: string;
  problem: string;
}

/** Returns the first key that is not a path below the output root, or that overlaps another one. */
export function findKeyProblem(keys: readonly string[]): KeyProblem | undefined {
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
