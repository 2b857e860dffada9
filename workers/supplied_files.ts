/**
 * The worker's side of files that the caller's thread supplies.
 *
 * @module
 */
import { iterableStream } from "../core/bytes.ts";
import type { FileToSave } from "../core/materializer.ts";
import type { Channel } from "./channel.ts";
import type { CallerMethods } from "./protocol.ts";

const PIECES_AHEAD = 4;

/** The files of a job, as the caller's thread supplies them. */
export async function* suppliedFiles(caller: Channel<CallerMethods>, job: number): AsyncGenerator<FileToSave> {
  for (;;) {
    const next = await caller.call("nextFile", { job });
    if (next === undefined) return;
    const { bytes, number, size, ...file } = next;
    const stream = () => iterableStream(pieces(caller, job, number!));
    yield { ...file, content: bytes ?? (size === undefined ? stream() : { size, stream }) };
  }
}

/** Asks for some pieces ahead of the one that is worked on: the thread that gives them may have other work to do. */
async function* pieces(caller: Channel<CallerMethods>, job: number, file: number): AsyncGenerator<Uint8Array> {
  const stream = await caller.call("openFile", { job, file });
  const asked: Promise<Uint8Array | undefined>[] = [];
  const ask = () => {
    const piece = caller.call("pull", { job, stream });
    piece.catch(() => {}); // it is thrown when it is waited for
    asked.push(piece);
  };
  let ended = false;
  try {
    while (!ended) {
      while (asked.length < PIECES_AHEAD) ask();
      const piece = await asked.shift();
      ended = piece === undefined;
      if (piece !== undefined) yield piece;
    }
  } finally {
    if (!ended) caller.call("closeFile", { job, stream }).catch(() => {});
  }
}
