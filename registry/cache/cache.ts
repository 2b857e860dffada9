// The cache of one open registry, over any backend. Only `clear` throws: other failures are misses.
import type { Backend, BackendDescriptor, ByteRange, StoredObject } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { fault, invalid, isRegistryError, messageOf } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ClearCacheReport, Logger, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { type CachedRegistry, clearEntries, recordEntryKey } from "./entries.ts";
import { keepNewest } from "../../core/work/keep_newest.ts";
import { type RecordEntry, Seal, type SeenHead } from "./seal.ts";
import { Sweeper } from "./sweep.ts";

/** Entries up to this size are held in memory until they are written; others are streamed. */
const SMALL_BYTES = 4 * 1024 * 1024;
/** A cache that is too slow to write this much caches less. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
const REST_MS = 60_000;
const MOST_SEEN = 10_000;
const DEFAULT_MAX_BYTES = 10 * 1024 ** 3;

export interface CacheParts {
  backend: Backend;
  maxBytes: number;
  registry: CachedRegistry;
  system: System;
  logger: Logger;
}

/** The data with which another thread opens the same cache. */
export interface CacheDescriptor extends Pick<CacheParts, "maxBytes" | "registry"> {
  backend: BackendDescriptor;
}

/** Takes the bytes of an entry while a reader reads them. */
interface EntryWriter {
  /** False once the cache has failed. */
  readonly isTaken: boolean;
  write(chunk: Uint8Array): Promise<void> | undefined;
  keep(): void;
  abandon(): void;
}

export class RegistryCache {
  readonly reopen?: CacheDescriptor;
  /** Cells whose version this handle has deleted: their records are not cached again. */
  readonly forgotten: Set<string> = new Set();
  readonly #parts: CacheParts;
  readonly #sweeper: Sweeper;
  readonly #seal: Seal;
  /** By cell, the newest. */
  readonly #seen = new Map<string, SeenHead>();
  readonly #writing = new Set<string>(); // keys
  readonly #pending = new Set<Promise<void>>();
  readonly #restUntil = { read: -Infinity, write: -Infinity };
  #warned = false;
  #heldBytes = 0;

  constructor(parts: CacheParts) {
    const { backend, maxBytes, registry, system } = parts;
    this.#parts = parts;
    this.#sweeper = new Sweeper(backend, maxBytes, system);
    this.#seal = new Seal(backend, system);
    if (backend.reopen) this.reopen = { backend: backend.reopen, maxBytes, registry };
  }

  /** The location of its store. */
  get location(): string {
    return this.#parts.backend.location;
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    if (this.#isResting("read")) return undefined;
    try {
      const object = await this.#parts.backend.get(key, range && { range });
      if (object !== undefined && this.#sweeper.used(key)) this.#background(this.#sweeper.flush());
      return object;
    } catch (error) {
      this.failed(error);
    }
  }

  /** Notes that reading a result of `get` failed. */
  failed(error: unknown): void {
    this.#fail("read", error);
  }

  /** Caches an entry in the background. The bytes must not change. */
  async keep(key: string, bytes: Uint8Array): Promise<void> {
    const size = bytes.byteLength;
    if (!this.#mayKeep(key, size) || this.#heldBytes > MAX_HELD_BYTES) return;
    this.#heldBytes += size;
    await this.#write(key, bytes, size).finally(() => this.#heldBytes -= size);
  }

  /** Caches an entry while a reader reads it; undefined if it is not to be cached. */
  keepStream(key: string, size: number): EntryWriter | undefined {
    if (!this.#mayKeep(key, size)) return undefined;
    if (size <= SMALL_BYTES) return collect((bytes) => this.keep(key, bytes));
    const stream = new EntryStream(this.#parts.system, (error) => this.#fail("write", error));
    this.#write(key, stream, size).finally(() => stream.abandon());
    return stream;
  }

  /** Removes a damaged entry, with a warning. */
  async discard(key: string, state: string): Promise<void> {
    const { logger, backend } = this.#parts;
    logger.warn(`cache: "${key}" is damaged: ${state}; fetching it again`, {
      cache: backend.location,
    });
    await this.#remove(key);
  }

  async getRecord(cell: string): Promise<RecordEntry | undefined> {
    const key = recordEntryKey(this.#parts.registry, cell);
    const object = await this.get(key);
    if (object === undefined) return undefined;
    try {
      const entry = await this.#seal.decode(key, await object.bytes());
      if (entry !== undefined) return entry;
    } catch (error) {
      return this.failed(error) as undefined;
    }
    await this.discard(key, "its seal does not match");
  }

  /** Caches a record in the background, unless its version is forgotten. Never rejects. */
  async keepRecord(
    cell: string,
    { head, bytes }: Pick<RecordEntry, "head" | "bytes">,
  ): Promise<void> {
    const { registry, system } = this.#parts;
    const key = recordEntryKey(registry, cell);
    if (!this.#mayKeep(key, bytes.byteLength)) return;
    const sealed = this.#seal.encode(key, { head, bytes, checkedAt: system.now() });
    await this.#background(sealed.then(async (entry) => {
      if (!this.forgotten.has(cell)) await this.keep(key, entry);
    }));
  }

  /** Removes a record. `state` says that it is damaged, and causes a warning. */
  async removeRecord(cell: string, state?: string): Promise<void> {
    const key = recordEntryKey(this.#parts.registry, cell);
    await (state === undefined ? this.#remove(key) : this.discard(key, state));
  }

  /** Returns the head of a cell as this handle saw it last in the store, if it knows. */
  seen(cell: string): SeenHead | undefined {
    return this.#seen.get(cell);
  }

  /** Notes the head of a cell in the store. */
  note(cell: string, { generation, size, modifiedAt, etag }: SeenHead): void {
    this.#seen.delete(cell);
    this.#seen.set(cell, { generation, size, modifiedAt, etag });
    keepNewest(this.#seen, MOST_SEEN);
  }

  /** Removes all records and notes of the registry, but no files. */
  async forgetAll(): Promise<void> {
    const { backend, registry } = this.#parts;
    await this.#idle();
    await clearEntries(backend, { registryId: registry.id })
      .catch((error) => this.#fail("write", error));
  }

  /** Removes everything, including pending writes. Throws errors of the cache's store. */
  async clear(options: SignalOptions = {}): Promise<ClearCacheReport> {
    await this.#idle();
    return await clearEntries(this.#parts.backend, options);
  }

  /** Waits for pending writes. Does not close the backend. */
  async close(): Promise<void> {
    await this.#idle();
    await this.#sweeper.flush().catch((error) => this.#fail("write", error));
  }

  async #idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #remove(key: string): Promise<void> {
    await this.#parts.backend.delete(key).catch((error) => this.#fail("write", error));
  }

  #mayKeep(key: string, size: number): boolean {
    return size <= this.#parts.maxBytes && !this.#writing.has(key) && !this.#isResting("write");
  }

  #write(key: string, content: Uint8Array | EntryStream, size: number): Promise<void> {
    this.#writing.add(key);
    const body = content instanceof EntryStream ? content.body : content;
    const written = this.#parts.backend.put(key, body, { size }).then(
      () => void this.#background(this.#sweeper.wrote(size)),
      (error) => {
        if (content instanceof Uint8Array || !content.abandoned) this.#fail("write", error);
      },
    ).finally(() => this.#writing.delete(key));
    this.#background(written);
    return written;
  }

  #background(work: Promise<void>): Promise<void> {
    const done = work.catch((error) => this.#fail("write", error))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
    return done;
  }

  #isResting(what: "read" | "write"): boolean {
    return this.#parts.system.monotonic() < this.#restUntil[what];
  }

  #fail(what: "read" | "write", error: unknown): void {
    if (isRegistryError(error, "Conflict")) return; // removed or replaced while it was read
    const { backend, logger, system } = this.#parts;
    this.#restUntil[what] = system.monotonic() + REST_MS;
    const level = this.#warned ? "debug" : "warn";
    this.#warned = true;
    logger[level](`cache: continuing without it: ${messageOf(error)}`, { cache: backend.location });
  }
}

function collect(keep: (bytes: Uint8Array) => void): EntryWriter {
  const chunks: Uint8Array[] = [];
  return {
    isTaken: true,
    write: (chunk) => void chunks.push(chunk.slice()),
    keep: () => keep(concatBytes(chunks)),
    abandon() {},
  };
}

/** Returns the size limit of a cache, bytes. Throws `Invalid` unless it is a positive integer. */
export function checkMaxBytes(maxBytes: number = DEFAULT_MAX_BYTES): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes > 0) return maxBytes;
  const state = "maxBytes is not a whole number of at least 1";
  const hint = "Pass a whole number of bytes, or `cache: false` to turn the cache off.";
  throw invalid("cache up to", `${shown(maxBytes)} bytes`, state, { hint });
}

const BUFFER_BYTES = 8 * 1024 * 1024;
/** Readers wait this long for a cache that accepts nothing. */
const STALL_MS = 2_000;

class EntryStream {
  /** The bytes for the cache; fails when the entry is abandoned. */
  readonly body: ReadableStream<Uint8Array>;
  /** True if the reader stopped, which is not a failure of the cache. */
  abandoned = false;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #system: System;
  readonly #onStall: (error: RegistryError) => void;
  #kept = false;

  constructor(system: System, onStall: (error: RegistryError) => void) {
    const buffer = new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({}, buffer);
    this.body = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#system = system;
    this.#onStall = onStall;
  }

  get isTaken(): boolean {
    return this.#writer.desiredSize !== null;
  }

  /** Copies a chunk. Returns a promise to await if the buffer is full. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (!this.isTaken) return undefined;
    this.#writer.write(chunk.slice()).catch(() => {});
    return (this.#writer.desiredSize ?? 1) <= 0 ? this.#drained() : undefined;
  }

  /** Ends the entry, whose digest is right. */
  keep(): void {
    this.#kept = true;
    this.#writer.close().catch(() => {});
  }

  abandon(): void {
    if (this.#kept) return;
    this.abandoned = this.isTaken;
    this.#abort("it was abandoned");
  }

  async #drained(): Promise<void> {
    const timer = new AbortController();
    const stalled = this.#system.sleep(STALL_MS, timer.signal).then(() => {
      this.#onStall(this.#abort(`the cache accepted nothing for ${STALL_MS} ms`));
    }, () => {});
    await Promise.race([this.#writer.ready.catch(() => {}), stalled]);
    timer.abort();
  }

  #abort(state: string): RegistryError {
    const action = "write to the cache", hint = "Check its disk.";
    const error = fault({ code: "Unavailable", action, state, hint });
    this.#writer.abort(error).catch(() => {});
    return error;
  }
}
