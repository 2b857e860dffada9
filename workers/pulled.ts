// The worker's side of content that the caller's thread offers.
import type { Channel } from "./channel.ts";
import { PIECE_BYTES } from "./ports.ts";
import type { CallerMethods } from "./protocol.ts";

const PIECES_AHEAD = 2;
/** Places that are kept for the next content. */
const MAX_KEPT = 8;
const kept: SharedArrayBuffer[] = [];

/**
 * Asks for some pieces ahead of the one that is worked on: the thread that gives them may have other work to do. With
 * `passing` a piece is used up when the next one is asked for, so it is not copied out of the shared memory.
 */
export async function* pulledChunks(
  caller: Channel<CallerMethods>,
  { port, passing }: { port: number; passing: boolean },
): AsyncGenerator<Uint8Array> {
  const places = Array.from(
    { length: PIECES_AHEAD },
    () => kept.pop() ?? new SharedArrayBuffer(PIECE_BYTES),
  );
  const stream = await caller.call("openPort", { port, places });
  const asked: { place: number; bytes: Promise<number> }[] = [];
  const ask = (place: number) => {
    const bytes = caller.call("pull", { stream, place });
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
    else caller.call("closePort", { stream }).catch(() => {});
  }
}
