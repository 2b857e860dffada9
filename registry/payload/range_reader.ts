// Reads ranges of files. No byte is given out before it is verified.
import type { Backend } from "../../core/backend.ts";
import {
  averageFor,
  ChunkList,
  type FileRange,
  ListMaker,
  MAX_CHUNK_LIST_BYTES,
} from "../../core/bytes/content_chunks.ts";
import type { StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { type FileBytes, inspected } from "./file_bytes.ts";
import type { PartReader } from "./part_reader.ts";
import type { WindowOptions } from "./read_ranges.ts";

/** Smaller files are read whole: that takes no longer than reading their list first. */
const AT_ONCE_BYTES = 1024 * 1024;
/** Bytes that are read at once, and kept for the next range. */
const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 3;

/** The bytes of the last range, with those of its chunks around it. */
interface Kept extends FileRange {
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

export class RangeReader {
  readonly #parts: PartReader;
  readonly #backend: Backend;
  readonly #verify: Verify;
  readonly #reading = new Map<StoredFile, Promise<ChunkList>>();
  #kept?: Kept;

  constructor(parts: PartReader, { backend, verify }: { backend: Backend; verify: Verify }) {
    this.#parts = parts;
    this.#backend = backend;
    this.#verify = verify;
  }

  /** Reads a range. With windows, holds no more than a window or a chunk, and reads nothing ahead. */
  async *range(
    file: StoredFile,
    { windowBytes, ...range }: WindowOptions & FileRange,
  ): AsyncGenerator<Uint8Array> {
    const { from, to } = range;
    if (from >= to) return;
    if (this.#verify === "none") {
      return yield* this.#parts.open(file, range).chunks({ windowBytes });
    }
    const least = file.chunks === undefined ? BLOCK_BYTES : AT_ONCE_BYTES;
    const list = file.size <= Math.min(least, windowBytes ?? least) || file.inline !== undefined
      ? ChunkList.whole(file)
      : await this.#list(file);
    if (windowBytes === undefined && to - from <= BLOCK_BYTES) {
      return yield await this.#keptRange(file, list, range);
    }
    const blocks = list.cover(range, windowBytes ?? BLOCK_BYTES);
    const read = async (block: FileRange) => {
      const bytes = await this.chunksOf(file, list, block).bytes();
      return bytes.subarray(Math.max(from - block.from, 0), Math.min(to, block.to) - block.from);
    };
    const concurrency = windowBytes === undefined ? BLOCKS_AT_ONCE : 1;
    yield* mapAtOnce(blocks, read, { concurrency });
  }

  /** Returns the chunks of a file. Concurrent ranges read them once. */
  async #list(file: StoredFile): Promise<ChunkList> {
    const id = file.chunks === undefined ? file.sha256 : `${file.chunks.sha256} ${file.size}`;
    const lists = keptLists(this.#backend);
    const known = lists.get(id) ?? this.#reading.get(file);
    if (known !== undefined) return await known;
    const reading = this.#readList(file).finally(() => this.#reading.delete(file));
    this.#reading.set(file, reading);
    const list = await reading;
    lists.set(id, list);
    let held = [...lists.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    for (const [oldest, { byteLength }] of lists) {
      if (held <= MAX_CHUNK_LIST_BYTES) break;
      held -= byteLength;
      lists.delete(oldest);
    }
    return list;
  }

  /** Reads the list of a file. A file without one is read and verified, and cut. */
  async #readList(file: StoredFile): Promise<ChunkList> {
    const stored = await this.#parts.chunkList(file);
    if (stored !== undefined) return stored;
    const checked = inspected(this.#parts.open(file), () => this.#parts.wholeCheck(file));
    return await cutInto(averageFor(file.size), checked);
  }

  /** Returns whole chunks of a file, each of which is verified at its end. */
  chunksOf(file: StoredFile, list: ChunkList, range: FileRange): FileBytes {
    const { from, to } = range;
    const digests = () => list.digestsIn([{ offset: from, length: to - from }]);
    return inspected(
      this.#parts.open(file, range),
      () => this.#parts.runCheck(file, digests(), from),
    );
  }

  async #keptRange(
    file: StoredFile,
    list: ChunkList,
    { from, to }: FileRange,
  ): Promise<Uint8Array> {
    let recent = this.#kept;
    if (recent?.file !== file || from < recent.from || to > recent.to) {
      // A reader that goes on where it stopped gets twice as much at once.
      const goesOn = recent?.file === file && from >= recent.from && from <= recent.to;
      const ahead = goesOn ? Math.min(2 * (recent!.to - recent!.from), BLOCK_BYTES) : 0;
      const [block] = list.cover({ from, to: Math.max(to, from + ahead) }, Infinity);
      const bytes = this.chunksOf(file, list, block!).bytes();
      const next = this.#kept = recent = { ...block!, file, bytes };
      bytes.catch(() => {
        if (this.#kept === next) this.#kept = undefined; // the next range tries again
      });
    }
    return (await recent.bytes).slice(from - recent.from, to - recent.from);
  }
}

/** Returns the list of chunks of bytes. */
export async function cutInto(average: number, { passTo }: FileBytes): Promise<ChunkList> {
  const maker = new ListMaker(average);
  await passTo((chunk) => maker.update(chunk));
  return maker.end();
}
