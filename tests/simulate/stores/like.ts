// A store without optional methods.
import type { Backend } from "../../../core/backend.ts";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";

/** A store with only the five verbs of another. */
export function withoutExtras(inner: Backend): Backend {
  return wrapBackend(inner, {
    reopen: undefined,
    getFirst: undefined,
    deleteMany: undefined,
    presign: undefined,
    presignPut: undefined,
    copy: undefined,
    sweepUploads: undefined,
    sync: undefined,
    reserve: undefined,
  });
}
