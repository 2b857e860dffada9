// A memory store that presigns URLs.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, PresignOptions } from "../../../core/backend.ts";
import type { System } from "../../../core/system.ts";

/** The rights that a URL grants. */
export interface Grant extends PresignOptions {
  key: string;
}

/** A store that records its grants. */
export interface PresigningStore {
  /** The backend for the registry. */
  readonly backend: Backend;
  /** The backend below. */
  readonly store: Backend;
  fetch(url: string): Promise<Uint8Array | undefined>;
  grant(url: string): Grant;
}

export function createPresigningStore(options: { system?: System } = {}): PresigningStore {
  const store = createMemoryBackend({ system: options.system });
  const grants = new Map<string, Grant>();
  const grant = (url: string) => grants.get(url)!;

  const backend: Backend = {
    kind: "memory",
    location: store.location,
    head: store.head,
    get: store.get,
    put: store.put,
    delete: store.delete,
    list: store.list,
    presign(key, grant) {
      const url = `https://store.test/${grants.size}`;
      grants.set(url, { key, ...grant });
      return Promise.resolve(url);
    },
    [Symbol.asyncDispose]: store[Symbol.asyncDispose],
  };
  return {
    backend,
    store,
    grant,
    fetch: async (url) => await (await store.get(grant(url).key))?.bytes(),
  };
}
