// The probed store. Keys are relative to the folder of the probe, requests are counted, and written
// objects are remembered to be removed.
import type { Backend, ByteRange, ListOptions, ObjectInfo } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

interface ProbeSettings {
  system: System;
  signal?: AbortSignal;
  /** Allowed clock difference, milliseconds. */
  maxClockOffsetMs: number;
}

export interface Listed {
  /** Keys and prefixes, in the order of the list. */
  keys: string[];
  infos: Map<string, ObjectInfo>;
}

/** A requirement that the store does not meet. */
export class Unmet extends Error {}

/** Throws {@linkcode Unmet} unless the condition holds. */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Unmet(otherwise);
}

const RETRY_FOR_MS = 15_000;

export class ProbeTarget {
  readonly #backend: Backend;
  readonly #written = new Set<string>();
  readonly settings: ProbeSettings;
  /** The folder of the probe, with its `/`. */
  readonly folder: string;
  /** Requests so far; a list counts as one. */
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

  /** Creates an object. Returns false if it exists. Reads it back after a lost reply. */
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
    const listing: Listed = { keys: [], infos: new Map() };
    const from = after === undefined ? {} : { after: folder + after };
    const place = this.#place(prefix);
    for await (const entry of this.#backend.list(place, { ...options, ...from, signal })) {
      const key = isPrefix(entry) ? entry.prefix : entry.key;
      const relative = key.startsWith(folder) ? key.slice(folder.length) : key;
      listing.keys.push(relative);
      if (!isPrefix(entry)) listing.infos.set(relative, entry);
    }
    return listing;
  }

  /** Removes written objects, even after an abort. Does not list them: lists may be stale. */
  async cleanUp(signal: AbortSignal): Promise<void> {
    const keys = [...this.#written];
    this.requests += this.#backend.deleteMany === undefined ? keys.length : 1;
    await removeObjects(this.#backend, keys, signal);
  }
}

/** Waits for all promises, even if one fails: no write is pending when the probe cleans up. */
export async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** Encodes a string as UTF-8. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export interface ProbeStepDefinition {
  /** The required behavior, as a sentence. */
  name: string;
  /** True if registries need it. @default true */
  required?: boolean;
  /** Throws `Unmet` or a `RegistryError` if the store fails. May return a detail. */
  run(target: ProbeTarget): Promise<string | void>;
}
