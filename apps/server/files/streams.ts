// Streams of files: errors come before the first or last byte, and many slow readers use little
// memory.
import { setImmediate } from "node:timers";

/** Returns the same stream after its first chunk was read, so early errors become error answers. */
export async function readFirst(
  stream: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader.read();
  return onDemand(reader, async (controller) => {
    const { done, value } = first ?? await reader.read();
    first = undefined;
    if (done) controller.close();
    else controller.enqueue(value);
  });
}

/** Returns a stream that calls `pull` for each chunk, and cancels the reader of its source. */
export function onDemand(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  pull: (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void>,
  onCancel: () => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source: UnderlyingDefaultSource<Uint8Array> = {
    pull,
    async cancel(reason) {
      onCancel();
      await reader.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 }) as ReadableStream<
    Uint8Array<ArrayBuffer>
  >;
}

/**
 * Returns the same stream, one chunk behind. A failed checksum at the end withholds the last chunk,
 * so no client takes the file as complete.
 */
export function oneBehind(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let held: Uint8Array | undefined;
  return onDemand(reader, async (controller) => {
    for (;;) {
      const { done, value } = await reader.read();
      const given = held;
      held = value;
      if (given !== undefined) controller.enqueue(given);
      if (done) controller.close();
      if (done || given !== undefined) return;
    }
  });
}

/** The windows of all downloads, bytes. Beyond them each has the smallest window. */
const SHARED_BYTES = 64 * 1024 * 1024;
const LEAST_BYTES = 16 * 1024;
/** The largest window over a disk or memory, where a larger one is no faster. */
const MOST_NEAR_BYTES = 128 * 1024;
const MOST_FAR_BYTES = 8 * 1024 * 1024;
/** A download takes at most this share of the free memory, so that many downloads get some. */
const SHARE = 8;
/** The connection may still hold the end of the previous window. */
const WINDOWS_HELD = 2;
/** A window is written in this many pieces, because a connection buffers several. */
const PIECES = 4;

/** Pieces written in one turn of the event loop. Other requests are answered between two turns. */
const PIECES_IN_A_TURN = 8;

export interface Windows {
  /** Opens a stream with a window, which is released when the stream ends. */
  open(stream: (windowBytes: number) => ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
  /** Windows of all open streams, bytes. */
  readonly heldBytes: number;
}

/** Creates {@linkcode Windows}. `near` is true for a store without delay, such as a disk. */
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

/** Returns the same bytes in chunks of at most `pieceBytes`. Calls `end` when no more is read. */
function inPieces(
  stream: ReadableStream<Uint8Array>,
  { pieceBytes, nextTurn, end }: {
    pieceBytes: number;
    nextTurn(): Promise<void> | undefined;
    end(): void;
  },
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let rest = new Uint8Array();
  return onDemand(reader, async (controller) => {
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
  }, end);
}

/** Returns a function to await before each piece. It may wait for a later turn, in order. */
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
