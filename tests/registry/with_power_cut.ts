// A store that loses unsynced data, like a folder: a put with sync is durable when it returns; data
// of a writer that died before can be read until the power fails.
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, PutOptions } from "../../core/backend.ts";

export interface PoweredStore {
  readonly store: Backend;
  /** A program's view. Puts of matching keys are never synced. @default all are */
  writer(unkept?: RegExp): Backend;
  /** Returns the keys that a power cut would lose. */
  unsafe(): string[];
  cut(): Promise<void>;
}

export function createPoweredStore(store: Backend = createMemoryBackend()): PoweredStore {
  const unsafe = new Set<string>();
  return {
    store,
    unsafe: () => [...unsafe].sort(),
    async cut() {
      for (const key of unsafe) await store.delete(key);
      unsafe.clear();
    },
    writer: (unkept) => ({
      kind: store.kind,
      location: store.location,
      disk: store.disk,
      head: store.head,
      get: store.get,
      async put(key, body, options?: PutOptions) {
        const result = await store.put(key, body, options);
        if (result.written) {
          if (unkept?.test(key)) unsafe.add(key);
          else unsafe.delete(key);
        }
        return result;
      },
      delete: store.delete,
      list: store.list,
      ...(unkept === undefined && {
        sync(keys: readonly string[]) {
          for (const key of keys) unsafe.delete(key);
          return Promise.resolve();
        },
      }),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }),
  };
}
