// Blocks in memory, and in the files of a folder if there is one. Blocks never change: a changed
// index has others. Those in files are read column by column, and checked.
import type { Logger } from "../../../mod.ts";
import { messageOf } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import {
  decodeRows,
  decodeRuns,
  encodeBlock,
  type ListedRun,
  placeOf,
  placeOfName,
  type Row,
  type Run,
  RUNS,
} from "./block.ts";
import type { BlockFiles } from "./block_files.ts";
import type { Block, KeptIndex } from "./stored_block.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";

/** A block in a file is not what was written there. */
export class DamagedBlock extends Error {
  override readonly name = "DamagedBlock";

  constructor(readonly block: Block) {
    super("Cannot read a block of the search index: its content is damaged");
  }
}

/** Sizes that tests make smaller. */
export interface BlockLimits {
  /** Bytes of blocks in memory. @default 134217728 (128 MiB) */
  mostHeld?: number;
  /** Names and versions of a block. @default 2048 */
  blockSize?: number;
}

const BLOCK_SIZE = 2048;
const MOST_HELD = 128 * 1024 * 1024;
/** Blocks that are kept decoded, for names that are read again. */
const MOST_DECODED = 4;

export class BlockStore {
  /** Absent without a folder, and after a failure to write to it. */
  #files: BlockFiles | undefined;
  readonly #logger: Pick<Logger, "warn">;
  readonly #mostHeld: number;
  /** Names and versions of a block, at most. */
  readonly blockSize: number;
  readonly #decoded = new Map<Block, Promise<Run[]>>();
  #canWrite = true;

  constructor(
    { files, logger, mostHeld = MOST_HELD, blockSize = BLOCK_SIZE }: BlockLimits & {
      files?: BlockFiles;
      logger: Pick<Logger, "warn">;
    },
  ) {
    this.#files = files;
    this.#logger = logger;
    this.#mostHeld = mostHeld;
    this.blockSize = blockSize;
  }

  create(runs: readonly Run[]): Block {
    const { bytes, columns } = encodeBlock(runs);
    const firstRun = itemAt(runs, 0), lastRun = itemAt(runs, -1);
    const place = (name: string, row: Row | undefined) =>
      row === undefined ? placeOfName(name) : placeOf(row.found);
    return {
      first: place(firstRun.name, firstRun.print === undefined ? firstRun.rows[0] : undefined),
      last: place(lastRun.name, lastRun.rows.at(-1)),
      count: runs.reduce((count, { rows }) => count + rows.length + 1, 0),
      columns,
      size: bytes.byteLength,
      bytes,
    };
  }

  /** Returns true if these are too many for the memory. */
  isFull(blocks: readonly Block[]): boolean {
    const held = blocks.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
    return held > this.#mostHeld;
  }

  /** Returns the columns of a block by their path. */
  async read(
    block: Block,
    isWanted: (path: string) => boolean = () => true,
  ): Promise<Map<string, string>> {
    const columns = block.columns.filter(({ path }) => isWanted(path));
    const texts = new Map<string, string>();
    if (block.bytes !== undefined) {
      for (const { path, at, length } of columns) {
        texts.set(path, decoder.decode(block.bytes.subarray(at, at + length)));
      }
      return texts;
    }
    const parts = await this.#files!.read(block, columns);
    if (parts === undefined) throw new DamagedBlock(block);
    for (const [at, { path }] of columns.entries()) texts.set(path, decoder.decode(parts[at]));
    return texts;
  }

  async listedRuns(block: Block): Promise<ListedRun[]> {
    return decodeRuns((await this.read(block, (path) => path === RUNS)).get(RUNS)!);
  }

  /** Returns everything in a block. Keeps a few, which are often read again. */
  async runs(block: Block): Promise<Run[]> {
    const known = this.#decoded.get(block) ?? this.#decode(block);
    this.#decoded.delete(block);
    this.#decoded.set(block, known);
    keepNewest(this.#decoded, MOST_DECODED);
    try {
      return await known;
    } catch (error) {
      this.#decoded.delete(block);
      throw error;
    }
  }

  async #decode(block: Block): Promise<Run[]> {
    const texts = await this.read(block);
    const listed = decodeRuns(texts.get(RUNS)!);
    const rows = decodeRows(listed, texts);
    let at = 0;
    return listed.map(([name, count, print]) => {
      at += count;
      return { name, rows: rows.slice(at - count, at), print };
    });
  }

  /** Returns the index that was kept last. */
  async load(): Promise<KeptIndex | undefined> {
    return await this.#files?.load();
  }

  /**
   * Writes blocks to a file, if there is a folder. Returns all, those written without their bytes.
   * After a failure, which is logged, blocks stay in memory.
   *
   * @param readAt when reading began, if the index is whole
   */
  async keep(blocks: readonly Block[], readAt?: number): Promise<readonly Block[]> {
    if (this.#files === undefined || !this.#canWrite) return blocks;
    try {
      return await this.#files.keep(blocks, readAt);
    } catch (error) {
      this.#canWrite = false;
      this.#logger.warn(`Cannot keep the search index, so it is in memory: ${messageOf(error)}`);
      return blocks;
    }
  }

  async close(): Promise<void> {
    await this.#files?.close();
    this.#files = undefined;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
