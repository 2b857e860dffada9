// Errors of content that cannot be read, or not twice.
import { isRegistryError, messageOf, type RegistryError, taskFailed } from "../../core/errors.ts";
import type { Operation } from "../cell/operation.ts";

/** Returns the error of unreadable content. Errors of the registry and aborts stay. */
export function contentFailure(operation: Operation, error: unknown): unknown {
  if (isRegistryError(error) || operation.signal?.aborted) return error;
  const state = `its content failed: ${messageOf(error)}`;
  const hint = "Read the cause: the materializer or the stream failed. Nothing was saved.";
  return taskFailed(operation.action, undefined, state, { hint, cause: error });
}

/** Returns the error of content that can be read only once, and must be read again. */
export function readOnce({ action }: Operation): RegistryError {
  const state = "its base was deleted meanwhile, and its files differed when they were read again";
  const hint = "Save it again. Make the materializer's `save` return the same files on each call.";
  return taskFailed(action, undefined, state, { hint });
}
