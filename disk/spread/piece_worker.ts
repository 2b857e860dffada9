/**
 * The program of a thread that verifies pieces. Whatever fails, it reports only that a piece is not
 * done: the caller's thread reads the piece again, and knows the reason.
 *
 * @module
 */
import { realSystem } from "../../core/system.ts";
import { LAST_ID, type PieceReport, type PieceTask } from "./piece_task.ts";
import { readPiece } from "./read_piece.ts";
import { listenToStarter } from "./threads.ts";

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
  const work = {
    system: realSystem,
    onProgress: (bytes: number) => report({ id, bytes }),
    isOver: () => isLast,
  };
  const isDone = await readPiece(task, work).catch(() => false);
  report({ id, isDone });
}
