// A store that loses what was not brought to its disk, as a folder does: a put that waits for the
// disk is safe when it returns, one whose writer died before may be read by everybody until the
// power fails.
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, PutOptions } from "../../core/backend.ts";

/** Such a store. */
export interface PoweredStore {
  /** The store itself. */
  readonly store: Backend;
  /** As a program sees it; puts of the keys that match stay behind, as if it died before its sync, which it never does. @default none do */
  writer(unkept?: RegExp): Backend;
  /** What a power cut would lose now. */
  unsafe(): string[];
  /** Loses it. */
  cut(): Promise<void>;
}

/** Makes one. */
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
      locking: store.locking,
      layout: store.layout,
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
