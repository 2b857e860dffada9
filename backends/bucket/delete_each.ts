// Deletes of single objects, several at once.
import type { DeleteFailure } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";

/** Deletes objects and returns the failures. Rejects when aborted. */
export async function deleteEach(
  keys: readonly string[],
  remove: (key: string) => Promise<void>,
  { concurrency, signal }: { concurrency: number; signal?: AbortSignal },
): Promise<DeleteFailure[]> {
  const failures: DeleteFailure[] = [];
  signal?.throwIfAborted();
  await forEachAtOnce(keys, async (key) => {
    try {
      await remove(key);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!isRegistryError(error)) throw error;
      failures.push({ key, error });
    }
  }, { concurrency });
  return failures;
}
