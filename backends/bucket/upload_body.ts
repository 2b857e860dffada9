// Bodies of uploads that show progress. Without it, a slow connection, on which a part takes longer
// than the time limit, would look like a store that has stopped.
import { Readable } from "node:stream";
import { silence } from "../../core/retry.ts";

const BLOCK_BYTES = 64 * 1024;
/**
 * Bytes that the system may buffer, without visible progress, before they leave the machine: the
 * maximum size of the buffers of a connection on Linux and macOS.
 */
const BUFFERED_BYTES = 4 * 2 ** 20;

/** Returns true for a body of several blocks. */
export function isLong(bytes: number): boolean {
  return bytes > BLOCK_BYTES;
}

/** A body that is written in blocks, each when the one before has been taken. */
export class UploadBody {
  readonly stream: Readable;
  readonly #size: number;
  #taken = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#size = pieces.reduce((size, piece) => size + piece.byteLength, 0);
    this.stream = Readable.from(this.#blocks(pieces), { highWaterMark: 1 });
  }

  /** Calls `lost` when nothing moves any more, unless `signal` is aborted before. */
  watch(timeoutMs: number, lost: () => void, signal: AbortSignal): void {
    const unseen = Math.min(this.#size, BUFFERED_BYTES);
    silence(() => this.#taken, { timeoutMs, unseen, signal }).then(lost, () => {});
  }

  *#blocks(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
    for (const piece of pieces) {
      for (let start = 0; start < piece.byteLength; start += BLOCK_BYTES) {
        yield piece.subarray(start, start + BLOCK_BYTES);
        this.#taken++;
      }
    }
  }
}
