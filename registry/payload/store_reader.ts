// Reads the files of a version from the store and verifies them.
//
//   const reader = new StoreReader(store, { ref, info, files }, { verify: "full", signal });
//   const whole = await reader.bytes(file); // in memory
//   for await (const chunk of reader.range(file, { offset: 10, length: 20 })) …
//
// Three classes, each on the one below: `StoreReader` verifies whole files and decompresses them,
// `RangeReader` verifies ranges of large files by their lists of chunks, and `PartReader` reads
// stored bytes, from the record, a pack or objects. `../cache/cached_reader.ts` has the same
// interface in front of a cache.
//
// `Corrupt` names the file and the object, for bytes that are damaged, missing or too many. Streams
// throw it after the bytes, so their readers must not trust bytes before the end. Errors of the
// store pass unchanged, and an abort throws the signal's reason.
import type { ArtifactInfo, FilePiece } from "../../core/artifact.ts";
import type { ByteRange } from "../../core/backend.ts";
import { averageFor, ListMaker, MIN_CUT_BYTES } from "../../core/bytes/content_chunks.ts";
import type { ChunkList, FileRange } from "../../core/bytes/content_chunks.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { type LocalCopy, missingRanges, planRebuild, rebuilt } from "../../core/bytes/rebuild.ts";
import { invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { StoredFile } from "../../core/record.ts";
import type { TransferProgress, Verify } from "../../core/registry.ts";
import { isNear, type Store } from "../cell/store.ts";
import { decodeBytes, decodeInto, decodesAtOnce, decodeStream } from "./encoding.ts";
import type { LoadLimit } from "../contract/load_limit.ts";
import { otherDigest, PartReader, type PartSource } from "./part_reader.ts";
import { RangeReader } from "./range_reader.ts";
import type { WindowOptions } from "./read_ranges.ts";
import { runsOf } from "../cell/part_runs.ts";
import { shown } from "../../core/naming/names.ts";

export type { WindowOptions };

type Pass = FilePiece["passTo"];
type Write = Parameters<Pass>[0];

export interface PayloadSource extends PartSource {
  info: ArtifactInfo;
  files: readonly StoredFile[];
  /** Yields files that a file shares bytes with. Costs a request for each. */
  earlier?(file: StoredFile): AsyncIterable<Pick<StoredFile, "sha256" | "size">>;
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

export class StoreReader implements FileReader {
  readonly #source: PayloadSource;
  readonly #options: ReadFilesOptions;
  readonly #stored: PartReader;
  readonly #ranges: RangeReader;
  /** True for a disk, which is not faster in pieces. */
  readonly #isLocal: boolean;
  readonly #isNear: boolean;
  #moved = 0;

  constructor(
    { backend }: Pick<Store, "backend">,
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
  }

  async bytes(file: StoredFile): Promise<Uint8Array> {
    const { verify, signal } = this.#options;
    const stored = this.#stored;
    signal?.throwIfAborted();
    const read = await stored.bytes(file, { check: isCompressed(file) });
    const bytes = isCompressed(file) ? await this.#decode(file, read) : read;
    if (bytes.byteLength !== file.size) {
      throw stored.corrupt(file, `it has ${bytes.byteLength} bytes, not ${file.size}`);
    }
    const digest = verify === "none" ? file.sha256 : sha256(bytes);
    if (digest !== file.sha256) throw stored.corrupt(file, otherDigest(digest, file.sha256));
    this.#progress(file, file.size);
    return bytes;
  }

  async *chunks(file: StoredFile, { windowBytes }: WindowOptions = {}): AsyncIterable<Uint8Array> {
    const { verify, signal } = this.#options;
    const stored = this.#stored;
    const read = stored.chunks(file, { check: isCompressed(file), windowBytes });
    const plain = file.encoding === undefined
      ? read
      : decodeStream(read, file.encoding, windowBytes);
    const hash = verify === "none" ? undefined : createSha256();
    let count = 0;
    try {
      for await (const chunk of plain) {
        count += chunk.byteLength;
        if (count > file.size) break;
        hash?.update(chunk);
        this.#progress(file, chunk.byteLength);
        yield chunk;
      }
    } catch (error) {
      throw file.encoding === undefined || isRegistryError(error) || signal?.aborted
        ? error
        : stored.corrupt(file, "decompression failed", { cause: error });
    }
    this.#checkWhole(file, count, hash?.digest());
  }

  async *range(
    file: StoredFile,
    range: ByteRange,
    { windowBytes }: WindowOptions = {},
  ): AsyncIterable<Uint8Array> {
    const { offset, end } = rangeOfFile(file, range);
    if (isCompressed(file)) return yield* cut(this.chunks(file, { windowBytes }), offset, end);
    let missing = Math.max(end - offset, 0);
    const asked = { from: offset, to: end, windowBytes };
    for await (const chunk of this.#ranges.range(file, asked)) {
      missing -= chunk.byteLength;
      yield chunk;
    }
    if (missing !== 0) throw this.#stored.corrupt(file, "it is truncated");
  }

  async pass(
    file: StoredFile,
    write: Write,
    signal: AbortSignal | undefined = this.#options.signal,
  ): Promise<void> {
    if (isCompressed(file)) {
      for await (const chunk of this.chunks(file)) await write(chunk);
      return;
    }
    const range = { from: 0, to: file.size, signal };
    const isChecked = this.#options.verify !== "none";
    await this.#passWhole(file, isChecked, write, (take) => this.#stored.pass(file, range, take));
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
    return await this.checkedList(file).catch((error) => {
      if (!isRegistryError(error)) throw error;
      return undefined;
    });
  }

  /** On a disk, a file is cut if it was not when it was saved. */
  async chunkList(file: StoredFile): Promise<ChunkList | undefined> {
    if (isCompressed(file) || file.size < MIN_CUT_BYTES) return undefined;
    const stored = await this.storedList(file);
    if (stored?.isFixed === false || !this.#isNear) return stored;
    const maker = new ListMaker(averageFor(file.size));
    for await (const chunk of this.#stored.chunks(file, { check: false })) maker.update(chunk);
    return maker.end();
  }

  async rebuild(file: StoredFile, copy?: LocalCopy): Promise<Pass | undefined> {
    if (copy === undefined || this.#isLocal) return undefined; // a disk is as fast
    const list = await this.storedList(file);
    const runs = list && await planRebuild(list, copy);
    if (runs === undefined) return undefined;
    const missing = missingRanges(runs).map(asFileRange);
    return (write, signal = this.#options.signal) =>
      this.#passWhole(file, true, write, async (take) => {
        const fetched = this.#stored.ranges(file, missing, { signal });
        for await (const chunk of rebuilt(runs, copy, fetched)) {
          signal?.throwIfAborted();
          await take(chunk);
        }
      });
  }

  /** Passes the bytes that `pass` gives to `write`, and checks that they are those of the file. */
  async #passWhole(
    file: StoredFile,
    isChecked: boolean,
    write: Write,
    pass: (take: Write) => Promise<void>,
  ): Promise<void> {
    const hash = isChecked ? createSha256() : undefined;
    let count = 0;
    await pass((chunk) => {
      count += chunk.byteLength;
      hash?.update(chunk);
      this.#progress(file, chunk.byteLength);
      return write(chunk);
    });
    this.#checkWhole(file, count, hash?.digest());
  }

  // The digests of all chunks replace that of the file: the record has both.
  async pieces(file: StoredFile): Promise<readonly FilePiece[] | undefined> {
    const isOne = this.#isLocal || file.size < 2 * PIECE_BYTES || runsOf(file.parts).length !== 1;
    const list = isOne ? undefined : await this.storedList(file);
    return list && Array.from(list.cover({ from: 0, to: file.size }, PIECE_BYTES), (piece) => ({
      offset: piece.from,
      length: piece.to - piece.from,
      passTo: (write, signal = this.#options.signal) => {
        const check = this.#options.verify === "none"
          ? undefined
          : this.#ranges.checkOf(file, list, piece);
        return this.#stored.pass(file, { ...piece, signal }, (chunk) => {
          check?.(chunk);
          this.#progress(file, chunk.byteLength);
          return write(chunk);
        });
      },
    }));
  }

  /** Returns the bytes as stored, compressed or not. They are verified like plain ones. */
  async storedBytes(file: StoredFile): Promise<Uint8Array> {
    if (file.encoding === undefined) return await this.bytes(file);
    await this.#checkStored(file);
    return await this.#stored.bytes(file, { check: true });
  }

  /** Yields the bytes of ranges, unverified. */
  async *storedRanges(
    file: StoredFile,
    ranges: readonly Required<ByteRange>[],
  ): AsyncIterable<Uint8Array> {
    for await (const chunk of this.#stored.ranges(file, ranges.map(asFileRange))) {
      yield chunk.slice();
    }
  }

  async *storedChunks(file: StoredFile): AsyncIterable<Uint8Array> {
    if (file.encoding === undefined) yield* this.chunks(file);
    else if (file.inline !== undefined) yield await this.storedBytes(file);
    else {
      await this.#checkStored(file);
      yield* this.#stored.chunks(file, { check: true });
    }
  }

  /** Reads a compressed file through, unless all of its stored bytes have digests. */
  async #checkStored(file: StoredFile): Promise<void> {
    const { inline, parts = [] } = file;
    const isCheckedAsStored = this.#options.verify !== "none" && inline === undefined &&
      parts.every((part) => part.sha256 !== undefined);
    if (!isCheckedAsStored) { for await (const _ of this.chunks(file)); }
  }

  #checkWhole(file: StoredFile, count: number, digest = file.sha256): void {
    const stored = this.#stored;
    if (count !== file.size) throw stored.corrupt(file, `it does not have ${file.size} bytes`);
    if (digest !== file.sha256) throw stored.corrupt(file, otherDigest(digest, file.sha256));
  }

  async #decode(file: StoredFile, stored: Uint8Array): Promise<Uint8Array> {
    const { size, encoding } = file;
    const isAtOnce = decodesAtOnce && size <= EXPANDED_AT_ONCE_BYTES;
    const target = isAtOnce ? undefined : new Uint8Array(size);
    try {
      if (target === undefined) return decodeBytes(stored, encoding!, size);
      const count = await decodeInto(target, stored, encoding!);
      if (count === size) return target;
      throw this.#stored.corrupt(file, `it does not have ${size} bytes`);
    } catch (cause) {
      throw isRegistryError(cause)
        ? cause
        : this.#stored.corrupt(file, "decompression failed", { cause });
    }
  }

  #progress(file: StoredFile, bytes: number): void {
    this.#moved += bytes;
    this.#options.onProgress?.({
      path: file.path,
      bytes: this.#moved,
      totalBytes: this.#source.info.size,
    });
  }
}

function asFileRange({ offset, length }: Required<ByteRange>): FileRange {
  return { from: offset, to: offset + length };
}

/** Yields a range of a file. Reads to the end of the file, where its checksum is checked. */
export async function* cut(
  whole: AsyncIterable<Uint8Array>,
  offset: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of whole) {
    const bytes = chunk.subarray(Math.max(offset - at, 0), Math.max(end - at, 0));
    at += chunk.byteLength;
    if (bytes.byteLength > 0) yield bytes;
  }
}

export function isCompressed({ encoding }: StoredFile): boolean {
  return encoding !== undefined;
}

/** Reads a file, whole or in part. Whole files are verified as the caller requested. */
export interface FileReader {
  bytes(file: StoredFile): Promise<Uint8Array>;
  chunks(file: StoredFile, options?: WindowOptions): AsyncIterable<Uint8Array>;
  range(file: StoredFile, range: ByteRange, options?: WindowOptions): AsyncIterable<Uint8Array>;
  /** Passes the bytes to `write` as they arrive; throws after them if they are damaged. */
  pass(file: StoredFile, write: Write, signal?: AbortSignal): Promise<void>;
  /** Ranges worth reading concurrently, each verified alone; undefined if there are none. */
  pieces?(file: StoredFile): Promise<readonly FilePiece[] | undefined>;
  chunkList?(file: StoredFile): Promise<ChunkList | undefined>;
  /** Returns a `pass` that takes equal bytes from a copy; undefined if that saves little. */
  rebuild?(file: StoredFile, copy?: LocalCopy): Promise<Pass | undefined>;
}

/** Returns the bytes `[offset, end)` of a range. Throws if they cannot be read. */
export function rangeOfFile(
  file: StoredFile,
  { offset, length = file.size }: ByteRange,
): { offset: number; end: number } {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    const state = `invalid range: offset ${offset}, length ${length}`;
    throw invalid("read a range of", shown(file.path), state, {
      hint: "Pass non-negative integers.",
    });
  }
  return { offset, end: Math.min(offset + length, file.size) };
}
