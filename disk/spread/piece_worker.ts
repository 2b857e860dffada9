/**
 * The program of a thread that fetches pieces. Whatever fails, it reports only that a piece is not
 * written: the caller's thread reads the piece again, and knows the reason.
 *
 * @module
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { sha256 } from "../../core/bytes/digest.ts";
import { isHole } from "../holes.ts";
import { askForRange } from "./piece_reply.ts";
import { listenToStarter } from "./threads.ts";
import { LAST_ID, type PieceReport, type PieceTask } from "./piece_task.ts";

const { O_RDWR, O_NOFOLLOW = 0 } = constants;
/** Bytes that are verified and written at once, unless a chunk is longer. */
const BLOCK_BYTES = 1024 * 1024;
/** Zeros are looked for in steps of this length. */
const ZEROS_BYTES = 64 * 1024;

/** Undefined in a program that imports this module only to compile it in. */
const starter = listenToStarter((message) => {
  const task = message as PieceTask;
  if (task.id !== LAST_ID) return void run(task);
  isLast = true;
  starter?.post({ id: LAST_ID } satisfies PieceReport, []);
});
let isLast = false;

async function run(task: PieceTask): Promise<void> {
  const { id } = task;
  const report = (content: PieceReport) => starter?.post(content, []);
  const isWritten = await writePiece(task, () => report({ id })).catch(() => false);
  report({ id, isWritten });
}

/** Returns false for another reply than the bytes of the piece. */
async function writePiece(task: PieceTask, onBlock: () => void): Promise<boolean> {
  const { url, from, chunks } = task;
  const length = chunks.reduce((sum, { size }) => sum + size, 0);
  const reply = await askForRange(url, { from, length });
  if (reply === undefined) return false;
  let isWritten = false;
  try {
    let buffer = new ArrayBuffer(Math.max(BLOCK_BYTES, ...chunks.map(({ size }) => size)));
    let { at } = task;
    for (const block of blocksOf(chunks)) {
      const bytes = await reply.fill(new Uint8Array(buffer, 0, block.size));
      if (bytes === undefined || isLast || !isRight(bytes, block.chunks)) return false;
      writeBlock(task, bytes, at);
      buffer = bytes.buffer;
      at += block.size;
      onBlock();
    }
    return isWritten = await reply.isAtEnd();
  } finally {
    if (!isWritten) await reply.leave();
  }
}

type Chunks = PieceTask["chunks"];

/** Joins whole chunks to blocks. */
function blocksOf(chunks: Chunks): { size: number; chunks: Chunks[number][] }[] {
  const blocks: { size: number; chunks: Chunks[number][] }[] = [];
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
  { path, isNew }: PieceTask,
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
