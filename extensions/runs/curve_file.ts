// The file with the points of a run. `core/naming/value_files.ts` recognizes it in a version.

/** The name of the file with the points of a run, in its parts and in its version. */
export const CURVE_FILE = "history.jsonl";

/** Returns a path for the curve of a new version, of which `taken` are the top files and folders. */
export function freeCurvePath(taken: ReadonlySet<string>): string {
  return freePath(CURVE_FILE, taken);
}

/** Returns `file`, or if it is taken, the same name with a number: `history-2.jsonl`. */
export function freePath(file: string, taken: ReadonlySet<string>): string {
  for (let n = 1;; n++) {
    const path = n === 1 ? file : file.replace(".", `-${n}.`);
    if (!taken.has(path)) return path;
  }
}

/** Returns `curves` of the metadata: the curve, before tables that the caller names. */
export function curvesWith(path: string, named: unknown): unknown {
  const all = new Set([path, ...named === undefined ? [] : [named].flat()]);
  return all.size === 1 ? path : [...all];
}
