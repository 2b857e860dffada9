/**
 * How much of each file is in memory while it is sent, so that slow readers, however many, hold little.
 *
 * @module
 */
import { setImmediate } from "node:timers";

/** The windows of all downloads together, bytes. Beyond them each download has the smallest window. */
const SHARED_BYTES = 64 * 1024 * 1024;
/** The smallest window. */
const LEAST_BYTES = 16 * 1024;
/** The largest window over a disk or memory, where a larger one is no faster. */
const MOST_NEAR_BYTES = 128 * 1024;
/** The largest window over a bucket, where each window is a request and its delay. */
const MOST_FAR_BYTES = 8 * 1024 * 1024;
/** A download takes at most this share of what is left, so that many get something. */
const SHARE = 8;
/** Of the window before, the connection may still hold the end. */
const WINDOWS_HELD = 2;
/** A window is written in this many pieces, as a connection buffers several. */
const PIECES = 4;

/** So many pieces are written in one turn of the event loop: other requests are answered between two turns. */
const PIECES_IN_A_TURN = 8;

/** The windows of all downloads. */
export interface Windows {
  /** Opens a stream with a window of its own, which it gives back when it ends, fails or is cancelled. */
  open(stream: (windowBytes: number) => ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
  /** What the open streams may hold, bytes. */
  readonly heldBytes: number;
}

/** Creates them, for a store that is near, such as a disk, or far away. */
export function createWindows({ near }: { near: boolean }): Windows {
  let held = 0;
  const nextTurn = createTurns();

  function take(): number {
    const share = Math.floor(Math.max(SHARED_BYTES - held, 0) / SHARE / LEAST_BYTES) * LEAST_BYTES;
    return Math.min(Math.max(share, LEAST_BYTES), near ? MOST_NEAR_BYTES : MOST_FAR_BYTES);
  }

  return {
    open(stream) {
      const windowBytes = take();
      const bytes = windowBytes * WINDOWS_HELD;
      held += bytes;
      let isOpen = true;
      const end = () => {
        if (isOpen) held -= bytes;
        isOpen = false;
      };
      try {
        const pieceBytes = Math.max(windowBytes / PIECES, LEAST_BYTES);
        return inPieces(stream(windowBytes), { pieceBytes, nextTurn, end });
      } catch (error) {
        end();
        throw error;
      }
    },
    get heldBytes() {
      return held;
    },
  };
}

/** The same bytes in chunks of at most `pieceBytes`; `end` is called once nothing more is read. */
function inPieces(
  stream: ReadableStream<Uint8Array>,
  { pieceBytes, nextTurn, end }: { pieceBytes: number; nextTurn(): Promise<void> | undefined; end(): void },
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let rest = new Uint8Array();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await nextTurn();
      try {
        while (rest.byteLength === 0) {
          const { done, value } = await reader.read();
          if (done) {
            end();
            return controller.close();
          }
          rest = value as Uint8Array<ArrayBuffer>;
        }
      } catch (error) {
        end();
        throw error;
      }
      controller.enqueue(rest.subarray(0, pieceBytes));
      rest = rest.subarray(pieceBytes);
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** To be awaited before each piece: it resolves in this turn of the event loop, or in a later one, in order. */
function createTurns(): () => Promise<void> | undefined {
  const waiting: (() => void)[] = [];
  let used = 0;

  function take(): void {
    if (used++ === 0) setImmediate(begin);
  }

  function begin(): void {
    used = 0;
    for (const resume of waiting.splice(0, PIECES_IN_A_TURN)) {
      take();
      resume();
    }
  }

  return () => {
    if (used >= PIECES_IN_A_TURN) return new Promise((resolve) => waiting.push(resolve));
    take();
  };
}
