// Removing objects.
import type { CallOptions, DeleteFailure } from "../../core/backend.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { objectPath } from "./api.ts";
import type { GcsApi } from "./api.ts";

/** Requests at once: the store takes them as they come, but each waits for its answer. */
const AT_ONCE = 32;

/** Removes an object; a missing one is a success. The tag of an object is its generation. */
export async function deleteObject(
  api: GcsApi,
  key: string,
  { ifEtag, signal }: CallOptions & { ifEtag?: string },
): Promise<void> {
  await api.call({
    action: "delete",
    key,
    method: "DELETE",
    path: objectPath(api.place, api.place.nameOf(key)),
    query: { ifGenerationMatch: ifEtag },
    answers: [404],
    repeatable: true,
    signal,
  });
}

/** Removes many objects, several at once; returns those that could not be removed. An abort rejects. */
export async function deleteObjects(
  api: GcsApi,
  keys: readonly string[],
  { signal }: CallOptions,
): Promise<DeleteFailure[]> {
  const failures: DeleteFailure[] = [];
  signal?.throwIfAborted();
  await forEachAtOnce(keys, async (key) => {
    signal?.throwIfAborted();
    try {
      await deleteObject(api, key, { signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      failures.push({ key, error: error as Error });
    }
  }, { concurrency: AT_ONCE });
  return failures;
}
