// The files of the value of a version. The curve that a run adds does not belong to it.

/** The names that runs give it. */
const CURVE = /^history(-\d+)?\.jsonl$/;

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
