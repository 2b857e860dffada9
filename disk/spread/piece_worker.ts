/**
 * The program of a thread that verifies pieces. Whatever fails, it reports only that a piece is not
 * done: the caller's thread reads the piece again, and knows the reason.
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
/** Bytes that are read, verified and written at once, unless a chunk is longer. */
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
  const isDone = await doPiece(task, () => report({ id })).catch(() => false);
  report({ id, isDone });
}

/** Returns false for another reply than the bytes of the piece. */
async function doPiece(task: PieceTask, onBlock: () => void): Promise<boolean> {
  const { url, from, to, chunks } = task;
  const length = chunks.reduce((sum, { size }) => sum + size, 0);
  const reply = await askForRange(url, { from, length });
  if (reply === undefined) return false;
  let isDone = false;
  try {
    let buffer = takeBuffer(Math.max(BLOCK_BYTES, ...chunks.map(({ size }) => size)));
    let at = to?.at ?? 0;
    for (const block of blocksOf(chunks)) {
      const bytes = await reply.fill(new Uint8Array(buffer, 0, block.size));
      if (bytes === undefined || isLast || !isRight(bytes, block.chunks)) return false;
      if (to !== undefined) writeBlock(to, bytes, at);
      buffer = bytes.buffer;
      at += block.size;
      onBlock();
    }
    free = buffer;
    return isDone = await reply.isAtEnd();
  } finally {
    if (!isDone) await reply.leave();
  }
}

/** The buffer of the last piece. */
let free = new ArrayBuffer(0);

function takeBuffer(size: number): ArrayBuffer {
  const buffer = free.byteLength < size ? new ArrayBuffer(size) : free;
  free = new ArrayBuffer(0); // another piece may begin before this one is done
  return buffer;
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
