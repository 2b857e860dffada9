// The store that is probed, as the steps of a probe see it: keys are relative to the folder of the
// probe, requests are counted, and all that is written is remembered, to be removed.
import type { Backend, ByteRange, ListOptions, ObjectInfo } from "../../../core/backend.ts";
import { isPrefix } from "../../../core/backend.ts";
import { sameBytes } from "../../../core/bytes/bytes.ts";
import { retry } from "../../../core/retry.ts";
import type { System } from "../../../core/system.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";

interface ProbeSettings {
  system: System;
  signal?: AbortSignal;
  /** How far the store's clock may be from the own one, milliseconds. */
  maxClockOffsetMs: number;
}

export interface Listed {
  /** Keys and prefixes, in the order they came. */
  keys: string[];
  /** What was said of the objects, by key. */
  infos: Map<string, ObjectInfo>;
}

/** What a store was found not to do: the message says it. */
export class Unmet extends Error {}

/** Throws {@linkcode Unmet} unless the condition holds. */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Unmet(otherwise);
}

/** How long a probe repeats what the store did not answer, milliseconds. */
const RETRY_FOR_MS = 15_000;

/** The store that is probed. */
export class ProbeTarget {
  readonly #backend: Backend;
  readonly #written = new Set<string>();
  readonly settings: ProbeSettings;
  /** The folder of the probe, with its `/`. */
  readonly folder: string;
  /** Requests so far; a listing counts as one. */
  requests = 0;

  constructor(backend: Backend, folder: string, settings: ProbeSettings) {
    this.#backend = backend;
    this.folder = folder;
    this.settings = settings;
  }

  #place(key: string): string {
    this.requests++;
    return this.folder + key;
  }

  /** Creates an object; true where that was done. One create whose reply is lost is found out about by reading. */
  async create(key: string, body: Uint8Array): Promise<boolean> {
    const { system, signal } = this.settings;
    let lost = false;
    this.#written.add(this.folder + key);
    const options = {
      mode: "create",
      size: body.byteLength,
      contentType: "application/json",
      signal,
    } as const;
    const result = await retry(() => this.#backend.put(this.#place(key), body, options), {
      system,
      signal,
      retryForMs: RETRY_FOR_MS,
      onRetry: (error) =>
        void (lost ||= (error as { maybeWritten?: boolean }).maybeWritten === true),
    });
    return result.written || (lost && sameBytes(await this.read(key), body));
  }

  async put(key: string, body: Uint8Array): Promise<ObjectInfo> {
    const { signal } = this.settings;
    this.#written.add(this.folder + key);
    const result = await this.#backend.put(this.#place(key), body, {
      size: body.byteLength,
      signal,
    });
    must(result.written, "a put without a condition was refused");
    return result.info;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return await this.#backend.head(this.#place(key), { signal: this.settings.signal });
  }

  async read(key: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    const { signal } = this.settings;
    return await (await this.#backend.get(this.#place(key), { range, signal }))?.bytes();
  }

  async delete(key: string): Promise<void> {
    await this.#backend.delete(this.#place(key), { signal: this.settings.signal });
  }

  async list(
    prefix: string,
    { after, ...options }: Pick<ListOptions, "after" | "limit" | "delimiter"> = {},
  ): Promise<Listed> {
    const { folder, settings: { signal } } = this;
    const found: Listed = { keys: [], infos: new Map() };
    const from = after === undefined ? {} : { after: folder + after };
    const place = this.#place(prefix);
    for await (const entry of this.#backend.list(place, { ...options, ...from, signal })) {
      const key = isPrefix(entry) ? entry.prefix : entry.key;
      const relative = key.startsWith(folder) ? key.slice(folder.length) : key; // what lies elsewhere is shown as it is
      found.keys.push(relative);
      if (!isPrefix(entry)) found.infos.set(relative, entry);
    }
    return found;
  }

  /** Removes what was written, also after an abort, and without a listing, which may be stale. */
  async cleanUp(signal: AbortSignal): Promise<void> {
    const keys = [...this.#written];
    this.requests += this.#backend.deleteMany === undefined ? keys.length : 1;
    await removeObjects(this.#backend, keys, signal);
  }
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
