// Changes of notes and labels, which can change, unlike metadata.

/** A change of notes and labels: a JSON merge patch (RFC 7396), in which null removes. */
export interface AnnotationsChange {
  notes?: string | null;
  labels?: Record<string, unknown> | null;
}

/** Options of `annotate`. */
export interface AnnotateOptions {
  /** Changes only this revision, 0 if there are no annotations; otherwise `Conflict`. */
  ifRevision?: number;
  signal?: AbortSignal;
}

export function mergePatch(value: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const merged = new Map<string, unknown>(isObject ? Object.entries(value) : []);
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), change));
  }
  return Object.fromEntries(merged);
}
