// Reads ranges of files. No byte is given out before it is verified, if the file has a list of
// chunks or is small.
import type { Backend } from "../../core/backend.ts";
import { ChunkList, MAX_CHUNK_LIST_BYTES, type Stretch } from "../../core/bytes/content_chunks.ts";
import { createRunCheck, createSha256 } from "../../core/bytes/digest.ts";
import type { StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { otherDigest, type PartReader } from "./part_reader.ts";
import type { WindowOptions } from "./stretches.ts";

/** Smaller files are read whole: that takes no longer than reading their list first. */
const AT_ONCE_BYTES = 1024 * 1024;
/** The largest file without a list that is read whole to verify a range. */
const MAX_WHOLE_BYTES = 8 * 1024 * 1024;
/** Chunks of longer averages are too long to be held, so they are not verified. */
const MAX_CHECKED_AVERAGE = 8 * 1024 * 1024;
/** Bytes that are read at once, and kept for the next range. */
const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 3;

/** The bytes of the last range, with those of its chunks around it. */
interface Kept extends Stretch {
  file: StoredFile;
  bytes: Promise<Uint8Array>;
}

const listsByStore = new WeakMap<Backend, Map<string, ChunkList>>();

/** Returns the lists that were read last, for all open versions of a store: a few MiB. */
function keptLists(backend: Backend): Map<string, ChunkList> {
  const lists = listsByStore.get(backend) ?? new Map<string, ChunkList>();
  listsByStore.set(backend, lists);
  return lists;
}

/** Reads ranges of the files of a version. */
export class RangeReader {
  readonly #parts: PartReader;
  readonly #backend: Backend;
  readonly #verify: Verify;
  readonly #reading = new Map<StoredFile, Promise<ChunkList | undefined>>();
  /** Files without a list that are verified by an extra read, because they are not held. */
  readonly #whole = new Map<StoredFile, Promise<void>>();
  #kept?: Kept;

  constructor(parts: PartReader, { backend, verify }: { backend: Backend; verify: Verify }) {
    this.#parts = parts;
    this.#backend = backend;
    this.#verify = verify;
  }

  /** Reads a range. With windows, holds no more than a window or a chunk, and reads nothing ahead. */
  async *range(
    file: StoredFile,
    { windowBytes, ...range }: WindowOptions & Stretch,
  ): AsyncGenerator<Uint8Array> {
    const { from, to } = range;
    if (from >= to) return;
    const list = await this.#checksOf(file);
    if (list === undefined) return yield* this.#parts.stream(file, { ...range, windowBytes });
    if (windowBytes === undefined && to - from <= BLOCK_BYTES) {
      return yield await this.#keptRange(file, list, range);
    }
    if (windowBytes !== undefined && list.count === 1) {
      await this.#checkWhole(file, windowBytes);
      return yield* this.#parts.stream(file, { ...range, windowBytes });
    }
    const blocks = list.cover(range, windowBytes ?? BLOCK_BYTES);
    const read = async (block: Stretch) => {
      const bytes = await this.#read(file, list, block);
      return bytes.subarray(Math.max(from - block.from, 0), Math.min(to, block.to) - block.from);
    };
    const concurrency = windowBytes === undefined ? BLOCKS_AT_ONCE : 1;
    yield* mapAtOnce(blocks, read, { concurrency });
  }

  /** Returns the list of a file's chunks. Concurrent ranges read it once. */
  async list(file: StoredFile): Promise<ChunkList | undefined> {
    const id = `${file.chunks?.sha256} ${file.size}`;
    const lists = keptLists(this.#backend);
    const known = lists.get(id) ?? this.#reading.get(file);
    if (known !== undefined) return await known;
    const reading = this.#parts.chunkList(file).finally(() => this.#reading.delete(file));
    this.#reading.set(file, reading);
    const list = await reading;
    if (list !== undefined) lists.set(id, list);
    let held = [...lists.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    for (const [oldest, { byteLength }] of lists) {
      if (held <= MAX_CHUNK_LIST_BYTES) break;
      held -= byteLength;
      lists.delete(oldest);
    }
    return list;
  }

  /** Returns a function that takes the bytes of whole chunks and verifies each at its end. */
  checkOf(file: StoredFile, list: ChunkList, { from, to }: Stretch): (bytes: Uint8Array) => void {
    return createRunCheck(list.digestsIn([{ offset: from, length: to - from }]), (offset) => {
      throw this.#parts.damaged(file, from + offset);
    });
  }

  /** Returns the chunks that verify a file; undefined if it is not verified. */
  async #checksOf(file: StoredFile): Promise<ChunkList | undefined> {
    if (this.#verify === "none" || file.inline !== undefined) return undefined;
    const list = file.size > AT_ONCE_BYTES ? await this.list(file) : undefined;
    if (list !== undefined && list.average <= MAX_CHECKED_AVERAGE) return list;
    if (file.size <= MAX_WHOLE_BYTES) return ChunkList.whole(file);
  }

  async #keptRange(
    file: StoredFile,
    list: ChunkList,
    { from, to }: Stretch,
  ): Promise<Uint8Array> {
    let kept = this.#kept;
    if (kept?.file !== file || from < kept.from || to > kept.to) {
      // A reader that goes on where it stopped gets twice as much at once.
      const goesOn = kept?.file === file && from >= kept.from && from <= kept.to;
      const ahead = goesOn ? Math.min(2 * (kept!.to - kept!.from), BLOCK_BYTES) : 0;
      const [block] = list.cover({ from, to: Math.max(to, from + ahead) }, Infinity);
      const bytes = this.#read(file, list, block!);
      const next = this.#kept = kept = { ...block!, file, bytes };
      bytes.catch(() => {
        if (this.#kept === next) this.#kept = undefined; // the next range tries again
      });
    }
    return (await kept.bytes).slice(from - kept.from, to - kept.from);
  }

  /** Reads and verifies whole chunks. */
  async #read(file: StoredFile, list: ChunkList, range: Stretch): Promise<Uint8Array> {
    const bytes = range.to - range.from === file.size
      ? await this.#parts.bytes(file, { check: false })
      : await this.#parts.slice(file, range);
    this.checkOf(file, list, range)(bytes);
    return bytes;
  }

  /** Reads a file through, once: stored bytes never change. */
  async #checkWhole(file: StoredFile, windowBytes: number): Promise<void> {
    const read = async () => {
      const hash = createSha256();
      const whole = { from: 0, to: file.size, windowBytes };
      for await (const chunk of this.#parts.stream(file, whole)) hash.update(chunk);
      const digest = hash.digest();
      if (digest !== file.sha256) throw this.#parts.corrupt(file, otherDigest(digest, file.sha256));
    };
    const checked = this.#whole.get(file) ?? read();
    this.#whole.set(file, checked);
    checked.catch(() => this.#whole.delete(file));
    await checked;
  }
}
