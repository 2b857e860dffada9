// The files of the value of a version. The curve that a run adds does not belong to it.

/** The name of the file with the points of a run, in its parts and in its version. */
export const CURVE_FILE = "history.jsonl";

const CURVE = /^history(-\d+)?\.jsonl$/;

/** Returns the path of the curve of a new version: another one if a file or folder of it has it. */
export function freeCurvePath(taken: ReadonlySet<string>): string {
  for (let n = 1;; n++) {
    const path = n === 1 ? CURVE_FILE : CURVE_FILE.replace(".", `-${n}.`);
    if (!taken.has(path)) return path;
  }
}

/** Returns `curves` of the metadata: the curve, before tables that the caller names. */
export function curvesWith(path: string, named: unknown): unknown {
  const all = new Set([path, ...named === undefined ? [] : [named].flat()]);
  return all.size === 1 ? path : [...all];
}

/** Returns the path of the curve that a run added to a version, by its metadata. */
function curveIn({ run, curves }: Record<string, unknown>): string | undefined {
  const [path] = [curves].flat();
  const { points } = (run ?? {}) as { points?: unknown };
  const hasPoints = typeof points === "number" && points > 0;
  return hasPoints && typeof path === "string" && CURVE.test(path) ? path : undefined;
}

/**
 * Returns the files of a version without the curve of its run. A version that has only a curve has
 * it as its value.
 */
export function valueFiles<F>(
  files: readonly F[],
  metadata: Record<string, unknown>,
  pathOf: (file: F) => string,
): readonly F[] {
  const curve = curveIn(metadata);
  const own = curve === undefined ? files : files.filter((file) => pathOf(file) !== curve);
  return own.length === 0 ? files : own;
}
