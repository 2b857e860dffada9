// Removing a folder of a bucket with as few requests as the store needs.
import type { Backend, CallOptions } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

/** So many keys are in memory. */
const BATCH = 1000;

/** Removes all objects whose key begins with a prefix. The first failure is thrown when the others of its batch are gone. */
export async function removeBelow(
  backend: Backend,
  prefix: string,
  options: CallOptions,
): Promise<void> {
  let keys: string[] = [];
  const removeKeys = async () => {
    options.signal?.throwIfAborted();
    const [failure] = (await removeObjects(backend, keys, options.signal)).values();
    if (failure !== undefined) throw failure;
    keys = [];
  };
  for await (const entry of backend.list(prefix, options)) {
    if (!isPrefix(entry)) keys.push(entry.key);
    if (keys.length === BATCH) await removeKeys();
  }
  await removeKeys();
}
