// The store that is probed, as the steps of a probe see it: keys are relative to the folder of the
// probe, requests are counted, and all that is written is remembered, to be removed.
import type { Backend, ByteRange, ListOptions, ObjectInfo } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

export interface ProbeSettings {
  system: System;
  signal?: AbortSignal;
  /** How far the store's clock may be from the own one, milliseconds. */
  maxClockOffsetMs: number;
}

export interface ProbeTarget extends ProbeSettings {
  /** The folder of the probe, with its `/`. */
  readonly folder: string;
  /** Requests so far; a listing counts as one. */
  readonly requests: number;
  /** Creates an object; true where that was done. One create whose reply is lost is found out about by reading. */
  create(key: string, body: Uint8Array): Promise<boolean>;
  put(key: string, body: Uint8Array): Promise<ObjectInfo>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** The bytes of an object, or a range of them. */
  read(key: string, range?: ByteRange): Promise<Uint8Array | undefined>;
  delete(key: string): Promise<void>;
  /** A listing: keys and prefixes in the order they came, and what was said of the objects. */
  list(
    prefix: string,
    options?: Pick<ListOptions, "after" | "limit" | "delimiter">,
  ): Promise<Listed>;
  /** Removes what was written, also after an abort. */
  cleanUp(signal: AbortSignal): Promise<void>;
}

export interface Listed {
  /** Keys and prefixes, in the order they came. */
  keys: string[];
  /** Sizes of the objects by key, bytes. */
  sizes: Map<string, number>;
  /** Store times of the objects by key, milliseconds. */
  times: Map<string, number>;
}

/** What a store was found not to do: the message says it. */
export class Unmet extends Error {}

/** Throws {@linkcode Unmet} unless the condition holds. */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Unmet(otherwise);
}

/** How long a probe repeats what the store did not answer, milliseconds. */
const RETRY_FOR_MS = 15_000;

export function createTarget(
  backend: Backend,
  folder: string,
  settings: ProbeSettings,
): ProbeTarget {
  const { system, signal } = settings;
  const written = new Set<string>();
  let requests = 0;

  function place(key: string): string {
    requests++;
    return folder + key;
  }

  /** An entry's place in the folder of the probe; what lies elsewhere is shown as it is. */
  const relative = (key: string) => key.startsWith(folder) ? key.slice(folder.length) : key;

  async function read(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const object = await backend.get(place(key), { range, signal });
    return await object?.bytes();
  }

  return {
    ...settings,
    folder,
    get requests() {
      return requests;
    },

    async create(key, body) {
      let lost = false;
      written.add(folder + key);
      const options = {
        mode: "create",
        size: body.byteLength,
        contentType: "application/json",
        signal,
      } as const;
      const result = await retry(() => backend.put(place(key), body, options), {
        system,
        signal,
        retryForMs: RETRY_FOR_MS,
        onRetry: (error) =>
          void (lost ||= (error as { maybeWritten?: boolean }).maybeWritten === true),
      });
      return result.written || (lost && sameBytes(await read(key), body));
    },

    async put(key, body) {
      written.add(folder + key);
      const result = await backend.put(place(key), body, { size: body.byteLength, signal });
      must(result.written, "a put without a condition was refused");
      return result.info;
    },

    head: (key) => backend.head(place(key), { signal }),
    read,
    delete: (key) => backend.delete(place(key), { signal }),

    async list(prefix, { after, ...options } = {}) {
      const found: Listed = { keys: [], sizes: new Map(), times: new Map() };
      const from = after === undefined ? {} : { after: folder + after };
      for await (const entry of backend.list(place(prefix), { ...options, ...from, signal })) {
        const key = relative(isPrefix(entry) ? entry.prefix : entry.key);
        found.keys.push(key);
        if (isPrefix(entry)) continue;
        found.sizes.set(key, entry.size);
        found.times.set(key, entry.modifiedAt);
      }
      return found;
    },

    async cleanUp(signal) {
      // Without the caller's signal, and without a listing, which may be stale: each key that may have been written.
      const keys = [...written];
      requests += backend.deleteMany === undefined ? keys.length : 1;
      await removeObjects(backend, keys, signal);
    },
  };
}

/** Waits for all, also where one fails: nothing is still being written when a probe cleans up. */
export async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** The UTF-8 form of a text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A step of a probe. */
export interface ProbeStepDefinition {
  /** What the store must do, as a sentence. */
  name: string;
  /** Whether a registry needs it. */
  required: boolean;
  /** Tries it; throws `Unmet` or a `RegistryError` where it is not so; else may say what it found. */
  run(target: ProbeTarget): Promise<string | void>;
}
