// Removing many objects with few requests.
import type { Backend } from "../backend.ts";
import { isRegistryError } from "../errors.ts";
import { forEachAtOnce } from "./at_once.ts";

/** Objects per call. After a failure or abort, the state of this many is unknown. */
const BATCH = 1000;

/** Removes objects. Returns the errors of those it could not remove, by key. Throws on aborts. */
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
      fail(batch, error); // unknown outcome: the next run lists them again
    }
  }
  return failures;
}
