// Streams of files: errors come before the first or last byte, and many slow readers use little
// memory.
import { nextTurn } from "../../core/work/next_turn.ts";

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
 * Returns the same stream, one chunk behind. An error before the first chunk is thrown here. One at
 * the end, such as a failed checksum, withholds the last chunk: no client takes the file as
 * complete. If the first chunk is the whole stream of `size` bytes, an error at the end is thrown
 * here, too. Calls `turn` before each read, `onEnd` when no more is read, and `onBreak` with an error
 * after this function has returned.
 */
export async function oneBehind(
  stream: ReadableStream<Uint8Array>,
  { size, turn, onEnd = () => {}, onBreak = () => {} }: {
    size?: number;
    turn?(): Promise<void>;
    onEnd?(): void;
    onBreak?(error: unknown): void;
  } = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const reader = stream.getReader();
  async function read(): Promise<Uint8Array | undefined> {
    let next: ReadableStreamReadResult<Uint8Array> | undefined;
    try {
      await turn?.();
      next = await reader.read();
      return next.value;
    } finally {
      if (next?.done !== false) onEnd();
    }
  }
  let held = await read();
  if (held !== undefined && held.byteLength === size) await read();
  return onDemand(reader, async (controller) => {
    const chunk = held;
    if (chunk !== undefined) {
      held = await read().catch((error) => (onBreak(error), Promise.reject(error)));
      controller.enqueue(chunk);
    }
    if (held === undefined) controller.close();
  }, onEnd);
}

/** The windows of all downloads, bytes. Beyond them each has the smallest window. */
const SHARED_BYTES = { near: 16 * 1024 ** 2, far: 64 * 1024 ** 2, worker: 16 * 1024 ** 2 };
const LEAST_BYTES = 16 * 1024;
/**
 * The largest window. From a disk or memory, reads above it do not get faster. A Worker has 128 MB
 * for many requests, and as many handlers.
 */
const MOST_BYTES = { near: 512 * 1024, far: 8 * 1024 ** 2, worker: 2 * 1024 ** 2 };
/** A download takes at most this share of the free memory, so that many downloads get some. */
const SHARE = 8;
/** The connection may still hold the previous window. */
const WINDOWS_HELD = 2;

/** The memory of all downloads. */
export interface Windows {
  /** Opens a stream with a window, {@linkcode oneBehind}. The window is released when it ends. */
  open(
    stream: (windowBytes: number) => ReadableStream<Uint8Array>,
    size?: number,
  ): Promise<ReadableStream<Uint8Array>>;
  /** Windows of all open streams, bytes. */
  readonly heldBytes: number;
}

/**
 * Creates {@linkcode Windows} for a store: `near` is one without delay, such as a disk.
 *
 * @param processes how many share the memory
 */
export function createWindows(
  place: keyof typeof MOST_BYTES,
  onBreak?: (error: unknown) => void,
  processes = 1,
): Windows {
  let held = 0;

  function take(): number {
    const free = Math.max(SHARED_BYTES[place] / processes - held, 0);
    const share = Math.floor(free / SHARE / LEAST_BYTES) * LEAST_BYTES;
    return Math.min(Math.max(share, LEAST_BYTES), MOST_BYTES[place]);
  }

  return {
    open(stream, size) {
      const windowBytes = take();
      let bytes = windowBytes * WINDOWS_HELD;
      const opened = stream(windowBytes);
      held += bytes;
      const onEnd = () => {
        held -= bytes;
        bytes = 0;
      };
      return oneBehind(opened, { size, turn: nextTurn, onEnd, onBreak });
    },
    get heldBytes() {
      return held;
    },
  };
}
