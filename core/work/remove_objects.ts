// Removing many objects, with as few requests as the store needs.
import type { Backend } from "../backend.ts";
import { isRegistryError } from "../errors.ts";
import { forEachAtOnce } from "./at_once.ts";

/** Objects of one call: a failure, or an abort, has at most so many in doubt. */
const BATCH = 1000;

/**
 * Removes objects, and returns why, by key, for each that could not be removed. Only an abort, or what is no fault of
 * the store, throws.
 */
export async function removeObjects(
  backend: Backend,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Error>> {
  const failures = new Map<string, Error>();
  const fail = (failed: readonly string[], error: unknown) => {
    if (!isRegistryError(error)) throw error;
    for (const key of failed) failures.set(key, error);
  };
  if (backend.deleteMany === undefined) {
    await forEachAtOnce(keys, async (key) => {
      signal?.throwIfAborted();
      await backend.delete(key, { signal }).catch((error) => fail([key], error));
    });
    return failures;
  }
  for (let at = 0; at < keys.length; at += BATCH) {
    signal?.throwIfAborted();
    const batch = keys.slice(at, at + BATCH);
    try {
      for (const { key, error } of await backend.deleteMany(batch, { signal })) {
        failures.set(key, error);
      }
    } catch (error) {
      fail(batch, error); // what became of it is not known: the next run looks again
    }
  }
  return failures;
}
