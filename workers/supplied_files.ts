/**
 * The worker's side of files that the caller's thread supplies.
 *
 * @module
 */
import { iterableStream } from "../core/bytes/bytes.ts";
import type { FileToSave } from "../core/materializer.ts";
import type { Channel } from "./channel.ts";
import { SMALL_FILE_BYTES } from "../registry/payload/content.ts";
import { PIECE_BYTES } from "./file_supply.ts";
import type { CallerMethods } from "./protocol.ts";

const PIECES_AHEAD = 2;
/** Places that are kept for the next file. */
const MAX_KEPT = 8;
const kept: SharedArrayBuffer[] = [];

/**
 * The files of a job, as the caller's thread supplies them. With `compress` a chunk of a large file is used up when
 * the next one is asked for, so it is not copied out of the shared memory.
 */
export async function* suppliedFiles(
  caller: Channel<CallerMethods>,
  job: number,
  { compress }: { compress: boolean },
): AsyncGenerator<FileToSave> {
  for (;;) {
    const next = await caller.call("nextFile", { job });
    if (next === undefined) return;
    const { bytes, number, size, ...file } = next;
    const passing = compress && size !== undefined && size > SMALL_FILE_BYTES;
    const stream = () => iterableStream(pieces(caller, { job, file: number!, passing }));
    yield { ...file, content: bytes ?? (size === undefined ? stream() : { size, stream }) };
  }
}

/** Asks for some pieces ahead of the one that is worked on: the thread that gives them may have other work to do. */
async function* pieces(
  caller: Channel<CallerMethods>,
  { job, file, passing }: { job: number; file: number; passing: boolean },
): AsyncGenerator<Uint8Array> {
  const places = Array.from({ length: PIECES_AHEAD }, () => kept.pop() ?? new SharedArrayBuffer(PIECE_BYTES));
  const stream = await caller.call("openFile", { job, file, places });
  const asked: { place: number; bytes: Promise<number> }[] = [];
  const ask = (place: number) => {
    const bytes = caller.call("pull", { job, stream, place });
    bytes.catch(() => {}); // it is thrown when it is waited for
    asked.push({ place, bytes });
  };
  for (const place of places.keys()) ask(place);
  let ended = false;
  try {
    for (;;) {
      const { place, bytes } = asked.shift()!;
      const piece = new Uint8Array(places[place], 0, await bytes);
      ended = piece.byteLength === 0;
      if (ended) return;
      yield passing ? piece : piece.slice();
      ask(place);
    }
  } finally {
    // Into what was not given up in order, the other thread may still write.
    if (ended) kept.push(...places.slice(0, MAX_KEPT - kept.length));
    else caller.call("closeFile", { job, stream }).catch(() => {});
  }
}
