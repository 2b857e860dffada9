// A store like a bucket that counts what is read of it.
import type { Backend } from "../../../../core/backend.ts";
import { createMemoryBackend } from "../../../../mod.ts";
import { withHooks } from "../../with_hooks.ts";

export interface World {
  /** The store, past the counter. */
  store: Backend;
  backend: Backend;
  /** Bytes of payload that were read since the last call. */
  fetched(): number;
}

export function counted(): World {
  const store = { ...createMemoryBackend(), kind: "far" };
  let count = 0;
  const backend = withHooks(store, {});
  backend.get = async (key, options) => {
    options?.signal?.throwIfAborted();
    const object = await store.get(key, options);
    if (object !== undefined && key.startsWith("objects/")) {
      count += (await object.bytes()).byteLength;
    }
    return object;
  };
  const fetched = () => {
    const sum = count;
    count = 0;
    return sum;
  };
  return { store, backend, fetched };
}
