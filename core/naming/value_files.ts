// The files of the value of a version. Those that a run adds do not belong to it.

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
 * Returns the files of a version without those of its run: the curve, and what `run.files` names. A
 * version that has only these has them as its value.
 */
export function valueFiles<F>(
  files: readonly F[],
  metadata: Record<string, unknown>,
  pathOf: (file: F) => string,
): readonly F[] {
  const { files: also } = (metadata.run ?? {}) as { files?: unknown };
  const added = new Set([curveIn(metadata), ...Array.isArray(also) ? also : []]);
  const own = files.filter((file) => !added.has(pathOf(file)));
  return own.length === 0 ? files : own;
}
