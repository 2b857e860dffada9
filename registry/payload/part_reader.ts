// Reads the stored bytes of a file, whole or in part: from the record, from a pack with others, or
// from objects of its own; and what verifies them.
import type { Backend, StoredObject } from "../../core/backend.ts";
import { passObject } from "../../core/bytes/bytes.ts";
import {
  ChunkList,
  type FileRange,
  MAX_CHUNK_LIST_BYTES,
} from "../../core/bytes/content_chunks.ts";
import { createRunCheck, createSha256, sha256 } from "../../core/bytes/digest.ts";
import { corrupt, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { chainOf } from "../cell/objects.ts";
import { getPart, partsWithin, runsOf, saveAgain } from "../cell/part_runs.ts";
import {
  type FileBytes,
  gather,
  inMemory,
  type Inspection,
  owned,
  passEach,
  type PassTo,
} from "./file_bytes.ts";
import { KeptPacks, PACK_BYTES, PackPlan, type PackSource } from "./packs.ts";
import { type PlannedRead, type ReadInto, readRanges, type WindowOptions } from "./read_ranges.ts";
import type { Values } from "./weights/encode_values.ts";
import type { StoredReads } from "./weights/values.ts";

/** Windows up to this size are read whole: a stream takes several times the processor time. */
const AT_ONCE_BYTES = 1024 * 1024;

export interface PartSource extends PackSource {
  ref: string;
  recordKey: string;
  /** Shared by the pages of a version. */
  packs?: KeptPacks;
  inline: Uint8Array;
  /** Throws the reason why an object of a file is missing. */
  missing(key: string, path: string): Promise<never>;
  /** Drops a record with damaged bytes from the cache. */
  forget?(): void;
}

/** The store of objects, and their keys. */
export interface ObjectPlace extends Pick<PartSource, "keyOf"> {
  readonly backend: Backend;
  /** The only tag that an object may have. @default any */
  readonly etag?: string;
}

interface PartReaderOptions {
  source: PartSource;
  backend: Backend;
  verify: Verify;
  signal?: AbortSignal;
  /** Files that need not be read from the store, by their digests. */
  known?: ReadonlyMap<string, Values>;
}

/** A range of an object that has bytes of a file; without an offset, all of the object. */
interface PlacedBytes extends Pick<Part, "offset" | "size"> {
  file: StoredFile;
  part: Part;
}

/** Reads the stored bytes of files. Reads of the same version share requests. */
export class PartReader {
  readonly #source: PartSource;
  readonly #backend: Backend;
  readonly #verify: Verify;
  readonly #signal?: AbortSignal;
  readonly #known?: ReadonlyMap<string, Values>;
  readonly #packs: KeptPacks;
  readonly #plan = new PackPlan();
  /** Files that are stored by values, once they are opened. */
  readonly #values = new WeakMap<StoredFile, Promise<Values>>();
  /** The file of a version that others are read for: their parts are among its parts. */
  readonly #owners = new WeakMap<StoredFile, StoredFile>();

  constructor({ source, backend, verify, signal, known }: PartReaderOptions) {
    this.#source = source;
    this.#backend = backend;
    this.#verify = verify;
    this.#signal = signal;
    this.#known = known;
    this.#packs = source.packs ?? new KeptPacks();
  }

  /** Returns the stored bytes of a range, unverified; the plain ones of a file stored by values. */
  open(file: StoredFile, { from, to }: FileRange = { from: 0, to: Infinity }): FileBytes {
    const { inline } = file;
    if (file.values !== undefined || this.#known?.has(file.sha256)) {
      return this.#decoded(file, { from, to: Math.min(to, file.size) });
    }
    if (inline !== undefined) {
      const [offset, length] = inline;
      return inMemory(() => this.#source.inline.slice(offset, offset + length).subarray(from, to));
    }
    const within = partsWithin(file, { from, to });
    const [run, ...others] = runsOf(within.map(({ part }) => part));
    if (run === undefined) return inMemory(() => new Uint8Array());
    const start = itemAt(within, 0).from, end = Math.min(to, itemAt(within, -1).to);
    if (others.length > 0) {
      const chunks = (options: WindowOptions & { signal?: AbortSignal }) =>
        this.ranges(file, [{ from, to: end }], options);
      const passTo = passEach((signal) => chunks({ signal }));
      return {
        bytes: () => gather(end - from, passTo),
        chunks: (options = {}) => owned(chunks(options)),
        passTo,
      };
    }
    const size = end - from, isWhole = size === run.size;
    const offset = isWhole ? run.offset : (run.offset ?? 0) + from - start;
    const place = { file, part: run.parts[0], offset, size };
    return {
      bytes: () => isWhole && file.parts!.length === 1 ? this.#readPart(place) : this.#read(place),
      chunks: (options) => this.#chunks(place, options),
      passTo: (write, signal) => this.#pass(place, write, signal),
    };
  }

  /** Yields the bytes of ranges, in order; each chunk is valid until the next one. */
  async *ranges(
    file: StoredFile,
    ranges: readonly FileRange[],
    { windowBytes, signal = this.#signal }: WindowOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array> {
    if (file.values !== undefined) {
      for (const range of ranges) yield* this.#decoded(file, range).chunks();
      return;
    }
    const read: ReadInto = (...args) => this.#readInto(file, ...args);
    yield* readRanges(runsOf(file.parts), ranges, { read, windowBytes, signal });
  }

  /** Returns the plain bytes of a range of a file that is stored by values. */
  #decoded(file: StoredFile, range: FileRange): FileBytes {
    const open = () => this.#opened(file);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield* (await open()).range(range);
    }
    return {
      bytes: () => gather(range.to - range.from, passEach(chunks)),
      chunks: () => owned(chunks()),
      passTo: passEach(chunks),
    };
  }

  /** Opens a file that is stored by values. Readers of one version share what is decoded. */
  #opened(file: StoredFile): Promise<Values> {
    const known = this.#known?.get(file.sha256);
    if (known !== undefined) return Promise.resolve(known);
    const opened = this.#values.get(file) ??
      import("./weights/values.ts").then((values) => values.openStored(file, this.readsOf(file)));
    this.#values.set(file, opened);
    opened.catch(() => this.#values.delete(file));
    return opened;
  }

  /** Returns how the stored bytes of a file are read that is stored by values. */
  readsOf(file: StoredFile): StoredReads {
    return {
      open: (some, range) => this.open(some, range),
      list: async (part) => await this.#readList(file, part),
      placed: (some) => this.#owners.set(some, this.#owners.get(file) ?? file),
      damaged: (state, cause) => this.corrupt(file, state, { part: file.values!.groups, cause }),
    };
  }

  /** Reads an object that has a list and its digest; undefined if it is damaged. */
  async #readList(
    file: StoredFile,
    part: Part & { sha256: string },
  ): Promise<Uint8Array | undefined> {
    const bytes = await this.#read({ ...part, file, part });
    return sha256(bytes) === part.sha256 ? bytes : undefined;
  }

  /** Returns the key of a part of a file, or of one that it is made from. */
  #keyOf(file: StoredFile, part: Part): string {
    return this.#source.keyOf(this.#owners.get(file) ?? file, part);
  }

  async #readInto(
    file: StoredFile,
    target: Uint8Array,
    read: PlannedRead,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    let count = 0;
    await this.#pass({ file, ...read }, (chunk) => {
      if (count + chunk.byteLength <= read.size) target.set(chunk, count);
      count += chunk.byteLength;
    }, signal);
    return target;
  }

  /** Reads the list of a file's chunks; undefined if there is none. */
  async chunkList(file: StoredFile): Promise<ChunkList | undefined> {
    const part = file.chunks;
    if (part === undefined) return undefined;
    const isShort = part.size <= MAX_CHUNK_LIST_BYTES;
    const bytes = isShort ? await this.#readList(file, part) : undefined;
    const list = bytes && ChunkList.decode(bytes, file.size);
    if (list !== undefined) return list;
    throw this.damagedList(file);
  }

  damagedList(file: StoredFile): RegistryError {
    return this.corrupt(file, "its list of chunks is damaged", { part: file.chunks });
  }

  /** By default, the first file of a chain is damaged: the others have digests of their groups. */
  corrupt(
    file: StoredFile,
    state: string,
    { part = itemAt(chainOf(file), -1).parts?.[0], cause }: { part?: Part; cause?: unknown } = {},
  ): RegistryError {
    const { ref, recordKey } = this.#source;
    const key = part === undefined ? recordKey : this.#keyOf(file, part);
    this.#plan.drop(key, this.#packs); // damaged bytes are not kept
    if (file.inline !== undefined) this.#source.forget?.();
    return corrupt("read file", `${shown(file.path)} of "${ref}"`, state, {
      ...saveAgain("The stored bytes changed."),
      key,
      backend: this.#backend.location,
      cause,
    });
  }

  async #get(
    { file, part, ...place }: PlacedBytes,
    range: Parameters<typeof getPart>[3],
  ): Promise<StoredObject> {
    const key = this.#keyOf(file, part);
    const damaged = (state: string) => this.corrupt(file, state, { part });
    return await getPart(this.#backend, key, place, { signal: this.#signal, damaged, ...range }) ??
      await this.#source.missing(key, file.path);
  }

  async #read(place: PlacedBytes): Promise<Uint8Array> {
    const bytes = await (await this.#get(place, {})).bytes();
    this.#checkSize(place, bytes.byteLength);
    return bytes;
  }

  async #readPart(place: PlacedBytes): Promise<Uint8Array> {
    const { file, part, offset: from = Infinity, size } = place, to = from + size;
    if (to > PACK_BYTES) return await this.#read(place);
    const key = this.#keyOf(file, part);
    const kept = this.#packs.find(key, { from, to }) ?? this.#readPack(key, { from, to });
    const bytes = await kept?.catch(() => undefined);
    return bytes?.byteLength === size ? bytes : await this.#read(place);
  }

  /** Reads the files of a pack, if that is worth it, and returns the bytes of one. */
  #readPack(key: string, its: FileRange): Promise<Uint8Array> | undefined {
    const range = this.#plan.next(key, its, this.#source);
    if (range === undefined) return undefined;
    const { from: offset, to } = range, signal = this.#signal;
    const reading = this.#backend.get(key, { range: { offset, length: to - offset }, signal });
    const bytes = reading.then((object) => object?.bytes() ?? new Uint8Array());
    this.#packs.add(key, { from: offset, to, bytes });
    bytes.catch(() => this.#plan.drop(key, this.#packs));
    return this.#packs.find(key, its);
  }

  async *#chunks(
    place: PlacedBytes,
    { windowBytes = Infinity }: WindowOptions = {},
  ): AsyncGenerator<Uint8Array> {
    const { size } = place;
    let at = 0, count = 0;
    do {
      this.#signal?.throwIfAborted();
      const length = Math.min(windowBytes, size - at);
      const object = await this.#get(place, { offset: at, length });
      at += length;
      const chunks = length <= AT_ONCE_BYTES ? [await object.bytes()] : object.body;
      for await (const chunk of chunks) {
        count += chunk.byteLength;
        yield chunk;
      }
    } while (at < size && count === at);
    this.#checkSize(place, count);
  }

  async #pass(
    place: PlacedBytes,
    write: Parameters<PassTo>[0],
    signal: AbortSignal | undefined = this.#signal,
  ): Promise<void> {
    signal?.throwIfAborted();
    const object = await this.#get(place, { passing: true, signal });
    let count = 0;
    await passObject(object, (chunk) => {
      count += chunk.byteLength;
      return write(chunk);
    }, signal);
    this.#checkSize(place, count);
  }

  #checkSize({ file, part, size }: PlacedBytes, count: number): void {
    if (count === size) return;
    throw this.corrupt(file, `a part has ${count} bytes, not ${size}`, { part });
  }

  /** Begins to check plain bytes against the size and the digest of a file. */
  wholeCheck(
    file: StoredFile,
    onBytes?: (bytes: number) => void,
    isHashed: boolean = this.#verify !== "none",
  ): Inspection {
    const hash = isHashed ? createSha256() : undefined;
    let count = 0;
    const checkCount = (isRight: boolean) => {
      if (!isRight) throw this.corrupt(file, `it does not have ${file.size} bytes`);
    };
    return {
      see: (chunk) => {
        count += chunk.byteLength;
        checkCount(count <= file.size);
        hash?.update(chunk);
        onBytes?.(chunk.byteLength);
      },
      end: () => {
        checkCount(count === file.size);
        const digest = hash?.digest() ?? file.sha256;
        if (digest === file.sha256) return;
        throw this.corrupt(file, `its SHA-256 is ${digest}, expected ${file.sha256}`);
      },
    };
  }

  /** Begins to check stored bytes against digests of their runs, by default of the parts. */
  runCheck(
    file: StoredFile,
    runs: Iterable<{ size: number; sha256?: string }> = file.parts ?? [],
    start = 0,
  ): Inspection {
    const see = createRunCheck(this.#verify === "none" ? [] : runs, (offset) => {
      throw this.#damaged(file, start + offset);
    });
    return { see };
  }

  /** Makes the error of bytes that do not match their digest, by their offset in the file. */
  #damaged(file: StoredFile, offset: number): RegistryError {
    const [place] = partsWithin(file, { from: offset, to: offset + 1 });
    const state = `SHA-256 of the bytes at ${offset} does not match`;
    return this.corrupt(file, state, file.values ? {} : { part: place?.part });
  }
}
