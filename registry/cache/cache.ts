// The entries of a cache, over any backend. Nothing here throws but clearing: a cache that fails is
// a cache that misses.
import type { Backend, BackendDescriptor, ByteRange, StoredObject } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import type { ClearCacheReport, Logger, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { recordEntryKey } from "./entry_keys.ts";
import type { CachedRegistry } from "./entry_keys.ts";
import { createEntryStream } from "./entry_stream.ts";
import type { EntryStream } from "./entry_stream.ts";
import type { RecordEntry } from "./record_entry.ts";
import { createRoom } from "./room.ts";
import { createSeal } from "./seal.ts";
import { createUses } from "./uses.ts";

/** Entries up to this size are held in memory until they are written; larger ones are written while they are read. */
const SMALL_BYTES = 1024 * 1024;
/** A cache that cannot keep up with so many bytes in memory caches less. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** How long a cache that failed is left alone. */
const REST_MS = 60_000;

export interface CacheDescriptor extends Pick<CacheParts, "maxBytes" | "registry"> {
  backend: BackendDescriptor;
}

export interface RegistryCache {
  readonly reopen?: CacheDescriptor;
  get(key: string, range?: ByteRange): Promise<StoredObject | undefined>;
  failed(error: unknown): void;
  /** Keeps an entry, in the background. The bytes must not change any more. */
  keep(key: string, bytes: Uint8Array): void;
  /** Keeps an entry of this size while somebody else reads it; undefined where it is not to be kept. */
  keepStream(key: string, size: number): EntryWriter | undefined;
  discard(key: string, state: string): Promise<void>;
  getRecord(cell: string): Promise<RecordEntry | undefined>;
  /** Keeps it, in the background, unless its version is forgotten. */
  keepRecord(cell: string, entry: Pick<RecordEntry, "seen" | "bytes">): void;
  removeRecord(cell: string, state?: string): Promise<void>;
  /** Cells whose version this handle has deleted: their records are not cached any more. */
  readonly forgotten: Set<string>;
  /** Removes all that the cache holds, also what is being written now; throws what the cache's store does. */
  clear(options?: SignalOptions): Promise<ClearCacheReport>;
  close(): Promise<void>;
}

export interface EntryWriter {
  write(chunk: Uint8Array): Promise<void> | undefined;
  keep(): void;
  abandon(): void;
}

export interface CacheParts {
  backend: Backend;
  maxBytes: number;
  registry: CachedRegistry;
  system: System;
  logger: Logger;
}

export function createCache(
  { backend, maxBytes, registry, system, logger }: CacheParts,
): RegistryCache {
  const uses = createUses(backend, system);
  const seal = createSeal(backend, system);
  const forgotten = new Set<string>();
  const room = createRoom({ backend, maxBytes, system, logger, uses });
  const writing = new Set<string>(); // keys
  const pending = new Set<Promise<void>>();
  const restUntil = { read: -Infinity, write: -Infinity };
  let told = false;
  let heldBytes = 0;

  return {
    reopen: backend.reopen && { backend: backend.reopen, maxBytes, registry },
    forgotten,
    keep,
    get,
    discard,

    async getRecord(cell) {
      const key = recordEntryKey(registry, cell);
      const object = await get(key);
      if (object === undefined) return undefined;
      try {
        const entry = await seal.decode(key, await object.bytes());
        if (entry !== undefined) return entry;
      } catch (error) {
        return fail("read", error);
      }
      await discard(key, "it is not what this cache has kept there");
    },

    keepRecord(cell, { seen, bytes }) {
      const key = recordEntryKey(registry, cell);
      if (!mayKeep(key, bytes.byteLength)) return;
      const sealed = seal.encode(key, { seen, bytes, checkedAt: system.now() });
      const kept = sealed.then((entry) => forgotten.has(cell) ? undefined : keep(key, entry));
      background(kept.catch((error) => fail("write", error)));
    },

    async removeRecord(cell, state) {
      const key = recordEntryKey(registry, cell);
      await (state === undefined ? remove(key) : discard(key, state));
    },

    failed: (error) => fail("read", error),

    keepStream(key, size) {
      if (!mayKeep(key, size)) return undefined;
      if (size <= SMALL_BYTES) return collect((bytes) => keep(key, bytes));
      const stream = createEntryStream({ system, onStall: (error) => fail("write", error) });
      start(key, write(key, stream, size).finally(stream.abandon));
      return { write: stream.write, keep: stream.close, abandon: stream.abandon };
    },

    async clear(options = {}) {
      while (pending.size > 0) await Promise.all(pending);
      const { clearEntries } = await import("./clear_cache.ts");
      return await clearEntries(backend, options);
    },

    async close() {
      while (pending.size > 0) await Promise.all(pending);
      try {
        await uses.flush({ ifRead: true });
        await room.close();
      } catch (error) {
        fail("write", error);
      }
    },
  };

  function keep(key: string, bytes: Uint8Array): void {
    if (!mayKeep(key, bytes.byteLength) || heldBytes > MAX_HELD_BYTES) return;
    heldBytes += bytes.byteLength;
    start(key, write(key, bytes, bytes.byteLength).finally(() => heldBytes -= bytes.byteLength));
  }

  async function get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    if (isResting("read")) return undefined;
    try {
      const object = await backend.get(key, range && { range });
      if (object !== undefined) note(key, true);
      return object;
    } catch (error) {
      fail("read", error);
    }
  }

  async function discard(key: string, state: string): Promise<void> {
    logger.warn(`cache: "${key}" is damaged: ${state}; it is fetched again`, {
      cache: backend.location,
    });
    await remove(key);
  }

  async function remove(key: string): Promise<void> {
    try {
      await backend.delete(key);
    } catch (error) {
      fail("write", error);
    }
  }

  function mayKeep(key: string, size: number): boolean {
    return size <= maxBytes && !writing.has(key) && !isResting("write");
  }

  /** Writes an entry; one that is being made may still be abandoned. */
  async function write(
    key: string,
    content: Uint8Array | EntryStream,
    size: number,
  ): Promise<void> {
    try {
      const grant = await room.take(size);
      if (grant === undefined) return;
      let written = false;
      try {
        await backend.put(key, content instanceof Uint8Array ? content : content.body, { size });
        written = true;
      } finally {
        grant.done(written);
      }
      note(key, false);
    } catch (error) {
      if (content instanceof Uint8Array || !content.abandoned) fail("write", error);
    }
  }

  function start(key: string, work: Promise<void>): void {
    writing.add(key);
    background(work.finally(() => writing.delete(key)));
  }

  function background(work: Promise<void>): void {
    const done = work.finally(() => pending.delete(done));
    pending.add(done);
  }

  function note(key: string, read: boolean): void {
    if (uses.note(key, read)) background(uses.flush().catch((error) => fail("write", error)));
  }

  function isResting(what: "read" | "write"): boolean {
    return system.monotonic() < restUntil[what];
  }

  /** Says it once; a cache that cannot be used is no reason to stop. */
  function fail(what: "read" | "write", error: unknown): undefined {
    if (isRegistryError(error, "Conflict")) return; // evicted or replaced while it was read
    restUntil[what] = system.monotonic() + REST_MS;
    const reason = messageOf(error);
    const level = told ? "debug" : "warn";
    told = true;
    logger[level](`cache: goes on without: ${reason}`, { cache: backend.location });
  }
}

/** Collects the chunks of a small entry. */
function collect(keep: (bytes: Uint8Array) => void): EntryWriter {
  const chunks: Uint8Array[] = [];
  return {
    write: (chunk) => void chunks.push(chunk.slice()),
    keep: () => keep(concatBytes(chunks)),
    abandon() {},
  };
}
