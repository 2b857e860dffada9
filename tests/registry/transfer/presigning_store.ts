// A store in memory that gives URLs to others, and those who use them.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, PresignOptions } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";

/** What a URL lets its bearer do. */
export interface Grant extends PresignOptions {
  /** With this object. */
  key: string;
}

/** A store, what it granted, and what it copied. */
export interface PresigningStore {
  /** The store as a registry sees it. */
  readonly backend: Backend;
  /** The store below. */
  readonly store: Backend;
  /** Sends bytes to a URL. */
  send(target: { url: string }, bytes: Uint8Array): Promise<void>;
  /** Fetches from a URL. */
  fetch(url: string): Promise<Uint8Array | undefined>;
  /** What a URL grants. */
  grant(url: string): Grant;
  /** What was copied inside the store. */
  readonly copies: string[];
}

/** How the store is. */
export interface PresigningStoreOptions {
  /** Whether it copies. @default true */
  copies?: boolean;
  /** Its clock. */
  system?: System;
}

/** Makes such a store. */
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
