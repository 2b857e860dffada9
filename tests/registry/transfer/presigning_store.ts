// A memory store that presigns URLs.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, PresignOptions } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";

/** The rights that a URL grants. */
export interface Grant extends PresignOptions {
  key: string;
}

/** A store that records its grants and copies. */
export interface PresigningStore {
  /** The backend for the registry. */
  readonly backend: Backend;
  /** The backend below. */
  readonly store: Backend;
  send(target: { url: string }, bytes: Uint8Array): Promise<void>;
  fetch(url: string): Promise<Uint8Array | undefined>;
  grant(url: string): Grant;
  readonly copies: string[];
}

export interface PresigningStoreOptions {
  /** Supports `copy`. @default true */
  copies?: boolean;
  system?: System;
}

export function createPresigningStore(options: PresigningStoreOptions = {}): PresigningStore {
  const store = createMemoryBackend({ system: options.system });
  const grants = new Map<string, Grant>();
  const copies: string[] = [];
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
    ...(options.copies !== false && {
      async copy(from: string, to: string) {
        const object = await store.get(from);
        if (object === undefined) {
          throw new RegistryError({ code: "NotFound", message: `Cannot copy "${from}": none` });
        }
        copies.push(`${from} ${to}`);
        const result = await store.put(to, await object.bytes());
        return (result as {
          written: true;
          info: { key: string; size: number; modifiedAt: number };
        }).info;
      },
    }),
    [Symbol.asyncDispose]: store[Symbol.asyncDispose],
  };
  return {
    backend,
    store,
    copies,
    grant,
    send: async ({ url }, bytes) => void await store.put(grant(url).key, bytes),
    fetch: async (url) => await (await store.get(grant(url).key))?.bytes(),
  };
}
