// Reads files through a cache. The cache has plain files by their SHA-256, for all registries and
// whatever their encoding.
import type { FilePiece } from "../../core/artifact.ts";
import type { ByteRange, StoredObject } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { averageFor, ListMaker } from "../../core/bytes/content_chunks.ts";
import type { ChunkList, FileRange } from "../../core/bytes/content_chunks.ts";
import type { LocalCopy } from "../../core/bytes/rebuild.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { gather, inspected, inspectedPass, passEach } from "../payload/file_bytes.ts";
import type { FileBytes, Inspection, PassTo } from "../payload/file_bytes.ts";
import { isCompressed } from "../payload/encoding.ts";
import { cut, rangeOfFile } from "../payload/read_ranges.ts";
import type { FileReader, WindowOptions } from "../payload/store_reader.ts";
import type { RegistryCache } from "./cache.ts";
import { fileKey } from "./entries.ts";

/** Larger files are read twice, once to verify them, so that only verified bytes are returned. */
const AT_ONCE_BYTES = 4 * 1024 * 1024;
/** A range of a larger file is read from the store: verifying all of the file takes longer. */
const MAX_CHECKED_FOR_RANGE = 256 * 1024 * 1024;

type Known = Pick<StoredFile, "sha256" | "size">;

interface CachedReaderOptions {
  verify: Verify;
  signal?: AbortSignal;
  progress(file: StoredFile, bytes: number): void;
  earlier(file: StoredFile): AsyncIterable<Known> | undefined;
}

/** Reads from a cache first, and caches what it has to read from the store. */
export class CachedReader implements FileReader {
  readonly #cache: RegistryCache;
  readonly #store: FileReader;
  readonly #options: CachedReaderOptions;
  /** Chunks of files of which a range was read, by digest; undefined if they are not cached. */
  readonly #checked = new Map<string, Promise<ChunkList | undefined>>();

  constructor(cache: RegistryCache, store: FileReader, options: CachedReaderOptions) {
    this.#cache = cache;
    this.#store = store;
    this.#options = options;
  }

  whole(file: StoredFile): FileBytes {
    const fresh = this.#store.whole(file);
    if (!isKept(file)) return fresh;
    const caching = inspected(fresh, () => this.#keep(file));
    const cached = (options?: WindowOptions) => this.#cachedChunks(file, fresh, options);
    const rebuild = this.rebuild.bind(this);
    return {
      bytes: async () => await this.#cachedBytes(file) ?? await this.#collect(file, caching),
      async *chunks(options) {
        let isCached = false;
        for await (const chunk of cached(options)) {
          isCached = true;
          yield chunk;
        }
        if (isCached) return;
        const rebuilt = file.values && await rebuild(file);
        if (rebuilt === undefined) return yield* caching.chunks(options);
        yield* (await import("../payload/weights/from_copy.ts")).pulled(rebuilt);
      },
      async passTo(write, signal) {
        let isCached = false;
        await passEach(() => cached())((chunk) => {
          isCached = true;
          return write(chunk);
        }, signal);
        if (!isCached) await caching.passTo(write, signal);
      },
    };
  }

  /** The pieces of a file that other threads write. It is cached afterwards, by `keep`. */
  async pieces(file: StoredFile): Promise<readonly FilePiece[] | undefined> {
    if (!isKept(file) || await this.#has(file)) return undefined;
    const pieces = await this.#store.pieces?.(file);
    return pieces?.[0]?.direct === undefined ? undefined : pieces;
  }

  async keep(file: StoredFile, { chunks }: LocalCopy, signal?: AbortSignal): Promise<void> {
    const { see, end, leave, isTaken } = this.#keep(file);
    let count = 0;
    try {
      if (!isTaken()) return; // longer than the cache, for example
      for await (const chunk of chunks({ offset: 0, length: file.size })) {
        if (signal?.aborted || !isTaken()) return;
        count += chunk.byteLength;
        await see(chunk);
      }
      if (count === file.size) end?.();
    } catch (error) {
      this.#cache.failed(error);
    } finally {
      leave?.();
    }
  }

  async rebuild(file: StoredFile, copy?: LocalCopy): Promise<PassTo | undefined> {
    if (copy === undefined && isReadAtOnce(file)) return undefined;
    if (await this.#has(file)) return undefined;
    const passTo = (copy && await this.#store.rebuild(file, copy)) ??
      await this.#store.rebuild(file, await this.#earlier(file));
    return passTo && inspectedPass(passTo, () => this.#keep(file));
  }

  async #earlier(file: StoredFile): Promise<LocalCopy | undefined> {
    for await (const known of this.#options.earlier(file) ?? []) {
      if (!await this.#has(known)) continue;
      return { size: known.size, chunks: (range) => this.#entryChunks(known, range) };
    }
  }

  async #has(file: Known): Promise<boolean> {
    const entry = await entryOf(this.#cache, file);
    await entry?.body.cancel();
    return entry !== undefined;
  }

  async *range(
    file: StoredFile,
    range: ByteRange,
    window: WindowOptions = {},
  ): AsyncIterable<Uint8Array> {
    const { offset, end } = rangeOfFile(file, range);
    if (isCompressed(file)) return yield* cut(this.whole(file).chunks(window), offset, end);
    let at = offset;
    if (isKept(file) && offset < end) {
      for await (const chunk of this.#cachedRange(file, { from: at, to: end }, window)) {
        at += chunk.byteLength;
        yield chunk;
      }
    }
    if (at >= end) return;
    const rest = { offset: at, length: end - at };
    yield* this.#store.range(file, rest, window);
  }

  async #cachedBytes(file: StoredFile): Promise<Uint8Array | undefined> {
    const { verify, signal, progress } = this.#options;
    signal?.throwIfAborted();
    const bytes = await cachedBytes(this.#cache, file, verify);
    if (bytes !== undefined) progress(file, file.size);
    return bytes;
  }

  /** Reads a file into memory. A large one is cached meanwhile. */
  async #collect(file: StoredFile, caching: FileBytes): Promise<Uint8Array> {
    if (isReadAtOnce(file)) return await caching.bytes();
    const rebuilt = await this.rebuild(file);
    return await gather(file.size, rebuilt ?? caching.passTo).catch((error) => {
      if (rebuilt === undefined || !isRegistryError(error, "Corrupt")) throw error;
      return gather(file.size, caching.passTo); // the earlier entry has changed
    });
  }

  /** Begins the entry of a file. It is cached once all of it was read and verified. */
  #keep(file: StoredFile): Inspection & { isTaken(): boolean } {
    const entry = this.#cache.keepStream(fileKey(file.sha256), file.size);
    // With "none" it is not verified while it is read.
    const hash = this.#options.verify === "none" && entry !== undefined
      ? createSha256()
      : undefined;
    return {
      isTaken: () => entry?.isTaken ?? false,
      see(chunk) {
        hash?.update(chunk);
        return entry?.write(chunk);
      },
      end() {
        if (hash === undefined || hash.digest() === file.sha256) entry?.keep();
      },
      leave: () => entry?.abandon(), // no effect after `keep`
    };
  }

  /** Yields a file that is cached. Reads on in the store if the entry is removed meanwhile. */
  async *#cachedChunks(
    file: StoredFile,
    fresh: FileBytes,
    { windowBytes }: WindowOptions = {},
  ): AsyncGenerator<Uint8Array> {
    if (file.size <= Math.min(windowBytes ?? Infinity, AT_ONCE_BYTES)) {
      const bytes = await this.#cachedBytes(file);
      if (bytes !== undefined) yield bytes;
      return;
    }
    if (!await this.#isWhole(file)) return;
    let done = 0;
    const whole = { offset: 0, length: file.size, windowBytes };
    for await (const chunk of this.#entryChunks(file, whole)) {
      done += chunk.byteLength;
      this.#options.progress(file, chunk.byteLength);
      yield chunk;
    }
    if (0 < done && done < file.size) yield* cut(fresh.chunks({ windowBytes }), done, file.size);
  }

  async *#entryChunks(
    file: Known,
    { offset, length, windowBytes = length }: WindowOptions & Required<ByteRange>,
  ): AsyncGenerator<Uint8Array> {
    const { signal } = this.#options;
    for (let at = offset, remaining = length; remaining > 0;) {
      const size = Math.min(windowBytes, remaining);
      const object = await this.#cache.get(fileKey(file.sha256), { offset: at, length: size });
      if (object === undefined) return;
      if (object.info.size !== file.size) return await object.body.cancel();
      let count = 0;
      try {
        for await (const chunk of object.body) {
          signal?.throwIfAborted();
          if ((count += chunk.byteLength) > size) return;
          yield chunk;
        }
      } catch (error) {
        if (signal?.aborted) throw error;
        return this.#cache.failed(error);
      }
      if (count < size) return; // it was cut meanwhile
      at += size;
      remaining -= size;
    }
  }

  /** Yields a range of a file as far as the cache has it. Verifies each chunk first. */
  async *#cachedRange(
    file: StoredFile,
    { from, to }: FileRange,
    { windowBytes }: WindowOptions,
  ): AsyncGenerator<Uint8Array> {
    if (this.#options.verify === "none") {
      return yield* this.#entryChunks(file, { offset: from, length: to - from, windowBytes });
    }
    const list = await this.#checkedList(file);
    for (const block of list?.cover({ from, to }, windowBytes ?? AT_ONCE_BYTES) ?? []) {
      const run = { offset: block.from, length: block.to - block.from };
      const bytes = concatBytes(await Array.fromAsync(this.#entryChunks(file, run)));
      let at = 0;
      for (const { size, sha256: digest } of list!.digestsIn([run])) {
        if (sha256(bytes.subarray(at, at += size)) === digest) continue;
        this.#checked.set(file.sha256, Promise.resolve(undefined));
        return await discardOther(this.#cache, file);
      }
      yield bytes.subarray(Math.max(from - block.from, 0), Math.min(to, block.to) - block.from);
    }
  }

  /** Returns chunks of a cached file that was read and verified. */
  #checkedList(file: StoredFile): Promise<ChunkList | undefined> {
    if (file.size > MAX_CHECKED_FOR_RANGE) return Promise.resolve(undefined);
    let known = this.#checked.get(file.sha256);
    if (known === undefined) {
      const maker = ListMaker.fixed(averageFor(file.size));
      known = this.#isWhole(file, maker).then((isWhole) => isWhole ? maker.end() : undefined);
      this.#checked.set(file.sha256, known);
    }
    return known;
  }

  /** Returns true if the cache has a file with the right bytes. */
  async #isWhole(file: StoredFile, maker?: ListMaker): Promise<boolean> {
    const { verify, signal } = this.#options;
    const cache = this.#cache;
    const object = await entryOf(cache, file);
    if (object === undefined) return false;
    if (verify === "none") {
      await object.body.cancel();
      return true;
    }
    try {
      if (await digestOf(object.body, { signal, maker }) === file.sha256) return true;
    } catch (error) {
      if (signal?.aborted) throw error;
      cache.failed(error);
      return false;
    }
    await discardOther(cache, file);
    return false;
  }
}

/** Returns true if no earlier file is looked for. Of files stored by values, much is saved. */
function isReadAtOnce({ size, values }: StoredFile): boolean {
  return size <= AT_ONCE_BYTES && values === undefined;
}

/** Returns true if files like this are cached. Inline files come with the record. */
function isKept(file: StoredFile): boolean {
  return file.parts !== undefined && file.size > 0;
}

/** Returns a cached file; undefined if it is not cached or damaged. */
export async function cachedBytes(
  cache: RegistryCache,
  file: Known,
  verify: Verify,
): Promise<Uint8Array | undefined> {
  const object = await entryOf(cache, file);
  if (object === undefined) return undefined;
  try {
    const bytes = await object.bytes();
    if (verify === "none" || sha256(bytes) === file.sha256) return bytes;
  } catch (error) {
    cache.failed(error);
    return undefined;
  }
  await discardOther(cache, file);
}

/** Returns the entry of a file if it has the right size. */
async function entryOf(
  cache: RegistryCache,
  { sha256, size }: Known,
): Promise<StoredObject | undefined> {
  const object = await cache.get(fileKey(sha256));
  if (object === undefined || object.info.size === size) return object;
  await object.body.cancel();
  await cache.discard(fileKey(sha256), `it has ${object.info.size} bytes, not ${size}`);
}

function discardOther(cache: RegistryCache, { sha256 }: Known): Promise<void> {
  return cache.discard(fileKey(sha256), "SHA-256 does not match");
}

async function digestOf(
  stream: ReadableStream<Uint8Array>,
  { signal, maker }: { signal?: AbortSignal; maker?: ListMaker },
): Promise<string> {
  const hash = createSha256();
  const reader = stream.getReader();
  try {
    for (let next = reader.read();;) {
      const { done, value } = await next;
      if (done) return hash.digest();
      signal?.throwIfAborted();
      next = reader.read();
      next.catch(() => {}); // awaited above, unless reading ends before
      hash.update(value);
      maker?.update(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}
