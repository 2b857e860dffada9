// A store whose objects and unfinished writes look old, except for marks.
import type { Backend } from "../../core/backend.ts";
import { wrapBackend } from "../../core/work/wrap_backend.ts";
import { withShiftedTime } from "../simulate/with_shifted_time.ts";

/** Wraps a store as if everything had been written this long ago. */
export function withAge(inner: Backend, ageMs: number): Backend {
  const older = withShiftedTime(inner, {
    shiftMs: ({ key }) => key.startsWith("scratch/") ? 0 : -ageMs,
  });
  const sweep = inner.sweepUploads?.bind(inner);
  if (sweep === undefined) return older;
  return wrapBackend(older, {
    sweepUploads: (options) => sweep({ ...options, olderThan: options.olderThan + ageMs }),
  });
}
