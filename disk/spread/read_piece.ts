// Reads, verifies and writes one piece. A connection that brings no bytes, or breaks, is left, and
// another one goes on where it stopped.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { sha256 } from "../../core/bytes/digest.ts";
import { SILENT_MS } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { isHole } from "../holes.ts";
import { askForRange } from "./ask_for_range.ts";
import type { PieceReply } from "./piece_reply.ts";
import type { PieceTask } from "./piece_task.ts";

const { O_RDWR, O_NOFOLLOW = 0 } = constants;
/** Bytes that are read, verified and written at once, unless a chunk is longer. */
const BLOCK_BYTES = 1024 * 1024;
/** Zeros are looked for in steps of this length. */
const ZEROS_BYTES = 64 * 1024;
/** How often a connection is looked at. */
const LOOK_MS = 2_500;
/** A connection is left after so many looks without a byte; one entry for each attempt. */
const SILENT_LOOKS = [SILENT_MS / LOOK_MS, 2 * SILENT_MS / LOOK_MS];

/** The surroundings of a piece. */
export interface PieceWork {
  system: Pick<System, "sleep">;
  /**
   * Reports that bytes arrived, or that another connection is tried.
   *
   * @param bytes that were verified, and written; often none
   */
  onProgress(bytes: number): void;
  /** True if nothing more may be written. */
  isOver(): boolean;
}

/** Returns false if the piece is still to be done: its reply or its bytes are wrong. */
export async function readPiece(task: PieceTask, work: PieceWork): Promise<boolean> {
  const reading = new PieceReading(task, work);
  for (const [attempt, silentLooks] of SILENT_LOOKS.entries()) {
    const isDone = await reading.attempt({ silentLooks, isFresh: attempt > 0 });
    if (isDone !== undefined) return isDone;
    work.onProgress(0);
  }
  return false;
}

class PieceReading {
  readonly #task: PieceTask;
  readonly #work: PieceWork;
  /** Blocks that are still to be read. */
  readonly #blocks: Block[];
  /** The first byte of them in the piece. */
  #at = 0;

  constructor(task: PieceTask, work: PieceWork) {
    this.#task = task;
    this.#work = work;
    this.#blocks = blocksOf(task.chunks);
  }

  /** Reads the rest over one connection. Returns undefined if that was silent or broke. */
  async attempt(
    { silentLooks, isFresh }: { silentLooks: number; isFresh: boolean },
  ): Promise<boolean | undefined> {
    const stop = new AbortController();
    let reads = 0;
    const asking = { signal: stop.signal, onBytes: () => void reads++, isFresh };
    this.#watch(() => reads, { silentLooks, stop }).catch(() => {});
    try {
      const length = this.#blocks.reduce((sum, { size }) => sum + size, 0);
      const range = { from: this.#task.from + this.#at, length };
      const reply = await askForRange(this.#task.url, range, asking).catch(() => "lost" as const);
      if (reply === "lost") return undefined;
      return reply !== undefined && await this.#readBlocks(reply);
    } finally {
      stop.abort();
    }
  }

  async #watch(
    reads: () => number,
    { silentLooks, stop }: { silentLooks: number; stop: AbortController },
  ): Promise<void> {
    const { system, onProgress } = this.#work;
    for (let silent = 0; silent < silentLooks;) {
      const before = reads();
      await system.sleep(LOOK_MS, stop.signal);
      silent = reads() === before ? silent + 1 : 0;
      if (silent === 0) onProgress(0);
    }
    stop.abort();
  }

  async #readBlocks(reply: PieceReply): Promise<boolean | undefined> {
    const buffer = takeBuffer(Math.max(...this.#blocks.map(({ size }) => size)));
    let isDone = false;
    try {
      for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
        const bytes = buffer.subarray(0, block.size);
        const isFilled = await reply.fill(bytes).catch(() => undefined);
        if (isFilled !== true) return isFilled;
        if (this.#work.isOver() || !isRight(bytes, block.chunks)) return false;
        this.#write(bytes);
        this.#blocks.shift();
        this.#at += block.size;
        this.#work.onProgress(block.size);
      }
      return isDone = await reply.isAtEnd();
    } finally {
      if (isDone) buffers.push(buffer); // nothing is read into it any more
      else reply.leave();
    }
  }

  #write(bytes: Uint8Array): void {
    const { to } = this.#task;
    if (to !== undefined) writeBlock(to, bytes, to.at + this.#at);
  }
}

/** Buffers of pieces that are done. */
const buffers: Uint8Array[] = [];

function takeBuffer(size: number): Uint8Array {
  const buffer = buffers.pop();
  return buffer !== undefined && buffer.byteLength >= size
    ? buffer
    : new Uint8Array(Math.max(size, BLOCK_BYTES));
}

type Chunks = PieceTask["chunks"];

interface Block {
  size: number;
  chunks: Chunks[number][];
}

/** Joins whole chunks to blocks. */
function blocksOf(chunks: Chunks): Block[] {
  const blocks: Block[] = [];
  for (const chunk of chunks) {
    const block = blocks.at(-1);
    if (block === undefined || block.size + chunk.size > BLOCK_BYTES) {
      blocks.push({ size: chunk.size, chunks: [chunk] });
    } else {
      block.chunks.push(chunk);
      block.size += chunk.size;
    }
  }
  return blocks;
}

function isRight(bytes: Uint8Array, chunks: Chunks): boolean {
  let at = 0;
  return chunks.every(({ size, sha256: digest }) => {
    const chunk = bytes.subarray(at, at += size);
    return digest === undefined || sha256(chunk) === digest;
  });
}

/**
 * Leaves out zeros where nothing was written yet: the caller sets the size at the end. The file is
 * open only meanwhile, since a thread that ends closes none.
 */
function writeBlock(
  { path, isNew }: Required<PieceTask>["to"],
  bytes: Uint8Array,
  position: number,
): void {
  const file = openSync(path, O_RDWR | O_NOFOLLOW);
  let from = 0;
  const writeTo = (to: number) => {
    while (from < to) from += writeSync(file, bytes, from, to - from, position + from);
  };
  try {
    for (let at = 0; isNew && at < bytes.byteLength; at += ZEROS_BYTES) {
      const part = bytes.subarray(at, at + ZEROS_BYTES);
      if (!isHole(part)) continue;
      writeTo(at);
      from = at + part.byteLength;
    }
    writeTo(bytes.byteLength);
  } finally {
    closeSync(file);
  }
}
