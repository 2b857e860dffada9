// Reads the files of a version from the store and verifies them.
//
//   const reader = new StoreReader(store, { ref, info, files }, { verify: "full", signal });
//   const whole = await reader.whole(file).bytes(); // or chunks(), or passTo(write)
//   for await (const chunk of reader.range(file, { offset: 10, length: 20 })) …
//
// Three classes, each on the one below: `StoreReader` verifies whole files and decompresses them,
// `RangeReader` verifies ranges of large files by their lists of chunks, and `PartReader` opens
// stored bytes, from the record, a pack or objects. They verify by wrapping what they open
// (`file_bytes.ts`), whichever way it is read then. `../cache/cached_reader.ts` is a `FileReader`,
// too, in front of another one.
//
// `Corrupt` names the file and the object, for bytes that are damaged, missing or too many. Streams
// throw it after the bytes, so their readers must not trust bytes before the end. Errors of the
// store pass unchanged, and an abort throws the signal's reason.
import type { ArtifactInfo, DirectPiece, FilePiece } from "../../core/artifact.ts";
import type { Backend, ByteRange } from "../../core/backend.ts";
import { averageFor, MIN_CUT_BYTES } from "../../core/bytes/content_chunks.ts";
import type { ChunkList, FileRange } from "../../core/bytes/content_chunks.ts";
import { endOfEqual, missingRanges, planRebuild, rebuilt } from "../../core/bytes/rebuild.ts";
import type { LocalCopy } from "../../core/bytes/rebuild.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import type { TransferProgress, Verify } from "../../core/registry.ts";
import { isNear } from "../../core/driver.ts";
import type { Store } from "../cell/store.ts";
import {
  compressionOf,
  decodeBytes,
  decodesAtOnce,
  decodeStream,
  isCompressed,
} from "./encoding.ts";
import type { LoadLimit } from "../../core/calls/load_limit.ts";
import {
  type FileBytes,
  gather,
  inspected,
  inspectedPass,
  owned,
  passEach,
  type PassTo,
} from "./file_bytes.ts";
import type { Values } from "./weights/encode_values.ts";
import { type ObjectPlace, PartReader, type PartSource } from "./part_reader.ts";
import { cutInto, RangeReader } from "./range_reader.ts";
import { asByteRange, asFileRange, cut, rangeOfFile } from "./read_ranges.ts";
import type { WindowOptions } from "./read_ranges.ts";
import type { EarlierFile } from "./weights/from_copy.ts";
import { endOf, getPart, type PartRun, runsOf } from "../cell/part_runs.ts";

export type { WindowOptions };

export interface PayloadSource extends PartSource {
  info: ArtifactInfo;
  files: readonly StoredFile[];
  /**
   * Yields files that a file shares bytes with, or is made from with them, with the places of those
   * that are stored by values. Costs a request for each.
   */
  earlier?(file: StoredFile): AsyncIterable<EarlierFile>;
}

export interface ReadFilesOptions {
  verify: Verify;
  /** Bounds the memory of whole reads. @default unlimited */
  limit?: LoadLimit;
  signal?: AbortSignal;
  onProgress?: (progress: TransferProgress) => void;
}

/** Larger files are expanded in pieces: at once, they would be in memory twice. */
const EXPANDED_AT_ONCE_BYTES = 16 * 1024 * 1024;

/** Files are downloaded in concurrent pieces of up to this size. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Smaller files stay on one thread: starting others takes about as long as reading them. */
const SPREAD_BYTES = 64 * 1024 * 1024;
/** The bytes of a file that are worth a thread. */
const THREAD_BYTES = SPREAD_BYTES / 2;
/** Smaller versions are downloaded from a disk on one thread, which is as fast for its file. */
const SPREAD_VERSION_BYTES = 2 * SPREAD_BYTES;
/** Threads may begin to read with a URL for so long, milliseconds. */
const URL_MS = 3_600_000;
/** Pieces read with one URL. The next is signed then: it is valid for longer, with new credentials. */
const URL_PIECES = 8;

/** The store of files, and the threads to read them. */
export interface ReadPlace extends Pick<Store, "backend"> {
  /** Number of threads that read a large file. @default 1 */
  threads?: number;
}

/** A run, and how other threads can read its object, if they can. */
interface ReachedRun extends PartRun {
  url?: DirectPiece["url"];
}

export class StoreReader implements FileReader {
  readonly #source: PayloadSource;
  readonly #options: ReadFilesOptions;
  readonly #stored: PartReader;
  readonly #ranges: RangeReader;
  /** True for a disk, which is faster in pieces only on threads. */
  readonly #isLocal: boolean;
  readonly #isNear: boolean;
  readonly #backend: Backend;
  readonly #threads: number;
  readonly place: ObjectPlace;
  #moved = 0;

  constructor(
    { backend, threads = 1 }: ReadPlace,
    source: PayloadSource,
    options: ReadFilesOptions,
  ) {
    const { verify, signal } = options;
    this.#source = source;
    this.#options = options;
    this.#stored = new PartReader({ source, backend, verify, signal });
    this.#ranges = new RangeReader(this.#stored, { backend, verify });
    this.#isLocal = backend.kind === "local";
    this.#isNear = isNear(backend);
    this.#backend = backend;
    this.#threads = threads;
    this.place = { backend, keyOf: source.keyOf };
  }

  whole(file: StoredFile): FileBytes {
    const { size } = file, encoding = compressionOf(file);
    const stored = this.#stored.open(file);
    const check = () => this.#stored.wholeCheck(file, this.#progressOf(file));
    if (encoding === undefined) return inspected(stored, check);
    const checked = inspected(this.#expanded(file, encoding), check);
    const isAtOnce = decodesAtOnce && size <= EXPANDED_AT_ONCE_BYTES;
    return isAtOnce ? checked : { ...checked, bytes: () => gather(size, checked.passTo) };
  }

  async *range(
    file: StoredFile,
    range: ByteRange,
    { windowBytes }: WindowOptions = {},
  ): AsyncIterable<Uint8Array> {
    const { offset, end } = rangeOfFile(file, range);
    yield* isCompressed(file)
      ? cut(this.whole(file).chunks({ windowBytes }), offset, end)
      : this.#ranges.range(file, { from: offset, to: end, windowBytes });
  }

  /** Returns the list that was stored with a file. Throws if it is damaged. */
  async checkedList(file: StoredFile): Promise<ChunkList | undefined> {
    return isCompressed(file) ? undefined : await this.#stored.chunkList(file);
  }

  damagedList(file: StoredFile): RegistryError {
    return this.#stored.damagedList(file);
  }

  /** The list; undefined for one that cannot be read: the whole file can without it. */
  async storedList(file: StoredFile): Promise<ChunkList | undefined> {
    return await this.checkedList(file).catch(withoutError);
  }

  /** On a disk, a file is cut if it was not when it was saved. */
  async chunkList(file: StoredFile): Promise<ChunkList | undefined> {
    if (isCompressed(file) || file.size < MIN_CUT_BYTES) return undefined;
    const stored = await this.storedList(file);
    if (stored?.isFixed === false || !this.#isNear) return stored;
    return await cutInto(averageFor(file.size), this.#stored.open(file));
  }

  async rebuild(file: StoredFile, copy?: LocalCopy): Promise<PassTo | undefined> {
    if (copy === undefined || this.#isLocal) return undefined; // a disk is as fast
    const made = file.values && await this.#byValues(file, copy);
    if (made !== undefined) return made;
    const list = await this.storedList(file);
    const runs = list && await planRebuild(list, copy);
    if (runs === undefined) return undefined;
    const missing = missingRanges(runs).map(asFileRange);
    const passTo = passEach((signal) =>
      rebuilt(runs, copy, this.#stored.ranges(file, missing, { signal }))
    );
    return this.#checked(file, passTo);
  }

  /** Always verified: the copy may change. */
  #checked(file: StoredFile, passTo: PassTo): PassTo {
    const onBytes = this.#progressOf(file);
    return inspectedPass(passTo, () => this.#stored.wholeCheck(file, onBytes, true));
  }

  async #byValues(file: StoredFile, copy: LocalCopy): Promise<PassTo | undefined> {
    const { useCopy } = await import("./weights/from_copy.ts");
    const known = new Map<string, Values>(), others = this.#source.earlier?.(file);
    const readsOf = (some: StoredFile) => this.#stored.readsOf(some);
    const using = useCopy(file, { copy, others, readsOf, known });
    if (!await using.catch(withoutError)) return undefined;
    const { signal, verify } = this.#options;
    const reader = { source: this.#source, backend: this.#backend, verify, signal, known };
    return this.#checked(file, new PartReader(reader).open(file).passTo);
  }

  // The digests of all chunks replace that of the file: the record has both.
  async pieces(file: StoredFile): Promise<readonly FilePiece[] | undefined> {
    const [run, ...others] = runsOf(file.parts), isDecoded = file.values !== undefined;
    if (run === undefined || others.length > 0 || isDecoded) return undefined;
    if (file.size < 2 * PIECE_BYTES) return undefined;
    const isLess = !this.#isSpread(file) || this.#source.info.size < SPREAD_VERSION_BYTES;
    if (this.#isLocal && isLess) return undefined; // one thread is as fast without
    const list = await this.storedList(file);
    return list && this.#piecesOf(file, list, [{ ...run, url: await this.#urlOf(file, run) }]);
  }

  /** Returns the pieces of a file in any number of runs, if it is worth that threads read them. */
  async directPieces(file: StoredFile, list: ChunkList): Promise<FilePiece[] | undefined> {
    const runs: ReachedRun[] = [];
    if (file.values !== undefined) return undefined;
    for (const run of runsOf(file.parts)) {
      runs.push({ ...run, url: await this.#urlOf(file, run) });
    }
    const pieces = this.#piecesOf(file, list, runs);
    const bytes = pieces.reduce((sum, { direct, length }) => direct ? sum + length : sum, 0);
    return bytes < SPREAD_BYTES ? undefined : pieces;
  }

  /** Returns the pieces of a file. Those within one run have a place for other threads. */
  #piecesOf(file: StoredFile, list: ChunkList, runs: readonly ReachedRun[]): FilePiece[] {
    let index = 0;
    return Array.from(list.cover({ from: 0, to: file.size }, PIECE_BYTES), (range) => {
      while (endOf(itemAt(runs, index)) <= range.from) index++;
      return this.#pieceOf(file, list, range, itemAt(runs, index));
    });
  }

  #pieceOf(file: StoredFile, list: ChunkList, range: FileRange, run: ReachedRun): FilePiece {
    const onBytes = this.#progressOf(file);
    let written = 0; // by a thread
    const direct = this.#direct(file, list, range, run, (bytes) => {
      written += bytes;
      onBytes(bytes);
    });
    return {
      ...asByteRange(range),
      missingIn: async (copy: LocalCopy) => {
        const from = await endOfEqual(copy, list, asByteRange(range));
        return from < range.to ? this.#pieceOf(file, list, { ...range, from }, run) : undefined;
      },
      ...(direct !== undefined && { direct }),
      passTo: inspectedPass(this.#ranges.chunksOf(file, list, range).passTo, () => {
        const see = ({ byteLength }: Uint8Array) => {
          const again = Math.min(written, byteLength);
          written -= again;
          onBytes(byteLength - again);
        };
        return { see };
      }),
    };
  }

  /** True if a file is worth threads, and they may be used. */
  #isSpread({ size }: StoredFile): boolean {
    return this.#threads > 1 && size >= SPREAD_BYTES;
  }

  /** Names the object of a run for other threads; undefined if they need not or cannot read it. */
  async #urlOf(
    file: StoredFile,
    { parts: [part], ...run }: PartRun,
  ): Promise<DirectPiece["url"] | undefined> {
    if (!this.#isSpread(file) || run.size < PIECE_BYTES) return undefined;
    const key = this.#source.keyOf(file, part);
    const { signal } = this.#options;
    if (this.#isLocal) {
      const getting = getPart(this.#backend, key, run, { passing: true, signal });
      const url = (await getting.catch(withoutError))?.url;
      return url === undefined ? undefined : () => Promise.resolve(url);
    }
    const options = { expiresInMs: URL_MS, signal };
    const presigned = async () =>
      await this.#backend.presign?.(key, options).catch(() => undefined);
    let url = await presigned();
    if (url === undefined) return undefined;
    let pieces = 0;
    return async () => {
      if (++pieces % URL_PIECES === 0) url = await presigned();
      return url;
    };
  }

  #direct(
    file: StoredFile,
    list: ChunkList,
    { from, to }: FileRange,
    { url, offset = 0, ...run }: ReachedRun,
    onWritten: DirectPiece["onWritten"],
  ): DirectPiece | undefined {
    const length = to - from;
    if (url === undefined || to > endOf(run)) return undefined;
    if (length > PIECE_BYTES) return undefined; // a longer chunk, which would be in memory
    return {
      url,
      from: offset + from - run.start,
      threads: Math.min(this.#threads, Math.floor(file.size / THREAD_BYTES)),
      chunks: () =>
        Array.from(
          list.digestsIn([{ offset: from, length }]),
          ({ size, sha256 }) => this.#options.verify === "none" ? { size } : { size, sha256 },
        ),
      onWritten,
    };
  }

  /** Returns the bytes as stored, if they are compressed, else plain ones, both verified. */
  stored(file: StoredFile): FileBytes {
    const { inline, parts = [] } = file;
    if (!isCompressed(file)) return this.whole(file);
    const isCheckedAsStored = this.#options.verify !== "none" && inline === undefined &&
      parts.every((part) => part.sha256 !== undefined);
    return inspected(this.#stored.open(file), async () => {
      if (!isCheckedAsStored) await this.whole(file).passTo(() => {}); // throws
      return this.#stored.runCheck(file);
    });
  }

  /** Yields the bytes of ranges, unverified. */
  storedRanges(
    file: StoredFile,
    ranges: readonly Required<ByteRange>[],
  ): AsyncIterable<Uint8Array> {
    return owned(this.#stored.ranges(file, ranges.map(asFileRange)));
  }

  /** Expands a file, unverified but for the digests of its parts. */
  #expanded(file: StoredFile, encoding: Encoding): FileBytes {
    const stored = inspected(this.#stored.open(file), () => this.#stored.runCheck(file));
    const failed = (cause: unknown) =>
      isRegistryError(cause)
        ? cause
        : this.#stored.corrupt(file, "decompression failed", { cause });
    async function* chunks({ windowBytes }: WindowOptions = {}): AsyncGenerator<Uint8Array> {
      let fail: (error: unknown) => unknown = failed;
      async function* read() {
        try {
          yield* stored.chunks({ windowBytes });
        } catch (error) {
          fail = () => error; // of the store, or an abort
          throw error;
        }
      }
      try {
        yield* decodeStream(read(), encoding, windowBytes);
      } catch (error) {
        throw fail(error);
      }
    }
    return {
      async bytes() {
        const bytes = await stored.bytes();
        try {
          return decodeBytes(bytes, encoding, file.size);
        } catch (error) {
          throw failed(error);
        }
      },
      chunks,
      passTo: passEach(() => chunks()),
    };
  }

  #progressOf({ path }: StoredFile): (bytes: number) => void {
    return (bytes) => {
      this.#moved += bytes;
      const { size: totalBytes } = this.#source.info;
      this.#options.onProgress?.({ path, bytes: this.#moved, totalBytes });
    };
  }
}

/** Returns undefined for an error of the registry. Throws others, such as the reason of an abort. */
function withoutError(error: unknown): undefined {
  if (!isRegistryError(error)) throw error;
}

/** Reads files. What it returns verifies itself, as the caller requested, while it is read. */
export interface FileReader {
  whole(file: StoredFile): FileBytes;
  /** Yields a range. No byte of it comes before it is verified, unless the file is compressed. */
  range(file: StoredFile, range: ByteRange, options?: WindowOptions): AsyncIterable<Uint8Array>;
  /** Ranges worth reading concurrently, each verified alone; undefined if there are none. */
  pieces?(file: StoredFile): Promise<readonly FilePiece[] | undefined>;
  /** Caches a file that threads wrote, unless it is aborted. */
  keep?(file: StoredFile, written: LocalCopy, signal?: AbortSignal): Promise<void>;
  /** Passes the file with equal bytes from a copy; undefined if that saves little. */
  rebuild(file: StoredFile, copy?: LocalCopy): Promise<PassTo | undefined>;
}
