// Checks of large files whose pieces are spread over threads.
import type { FilePiece } from "../../materializers/mod.ts";
import { createLimit, forEachAtOnce, isRegistryError } from "../../core/kernel.ts";
import { PieceThreads } from "../../disk/spread/piece_threads.ts";

/** Pieces that each thread has: one in progress, and the next, so that it does not wait for it. */
const PER_THREAD = 2;
/** Pieces that this thread reads at once, of those that no other thread could. */
const HERE_AT_ONCE = 3;

/** Checks files, any number at a time, with the same threads. */
export class PieceChecks {
  readonly #threads = new PieceThreads();
  readonly #onThreads: ReturnType<typeof createLimit>;
  readonly #onThisThread = createLimit(HERE_AT_ONCE);

  constructor(threads: number) {
    this.#onThreads = createLimit(threads * PER_THREAD);
  }

  /** Returns true if all pieces of a file are right. This thread reads those that others could not. */
  async areRight(pieces: readonly FilePiece[], signal?: AbortSignal): Promise<boolean> {
    const end = () => void this.end();
    signal?.addEventListener("abort", end, { once: true });
    try {
      await forEachAtOnce(pieces, async (piece) => {
        const isRight = await this.#onThreads(() => this.#threads.check(piece));
        signal?.throwIfAborted();
        if (!isRight) await this.#onThisThread(() => piece.passTo(() => {}, signal));
      });
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      return false;
    } finally {
      signal?.removeEventListener("abort", end);
    }
  }

  /** Ends the threads. */
  async end(): Promise<void> {
    await this.#threads.end();
  }
}
