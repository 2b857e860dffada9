/**
 * Removing a folder of a bucket with as few requests as the store needs.
 *
 * @module
 */
import type { Backend, CallOptions } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";

/** Objects of one request, where the store takes many. */
const BATCH = 1000;

/** Removes all objects whose key begins with a prefix. The first failure is thrown when the others of its batch are gone. */
export async function removeBelow(backend: Backend, prefix: string, options: CallOptions): Promise<void> {
  let keys: string[] = [];
  for await (const entry of backend.list(prefix, options)) {
    if (isPrefix(entry)) continue;
    keys.push(entry.key);
    if (keys.length < BATCH) continue;
    await removeKeys(backend, keys, options);
    keys = [];
  }
  await removeKeys(backend, keys, options);
}

async function removeKeys(backend: Backend, keys: readonly string[], options: CallOptions): Promise<void> {
  options.signal?.throwIfAborted();
  if (keys.length === 0) return;
  if (backend.deleteMany === undefined) return await forEachAtOnce(keys, (key) => backend.delete(key, options));
  const [failure] = await backend.deleteMany(keys, options);
  if (failure !== undefined) throw failure.error;
}
