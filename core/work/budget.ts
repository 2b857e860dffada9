// A memory budget that many tasks share.
import type { FilesToSave, FileToSave } from "../materializer.ts";

/** Memory of streamed data, and the assumption for data of unknown size. */
export const STREAMED_BYTES = 32 * 1024 * 1024;

/**
 * Memory that tasks take and give back.
 *
 * @internal
 */
export interface Budget {
  /** Waits, in order, for free bytes. More than the total is granted when all is free. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
  give(bytes: number): void;
}

/** Creates a budget of the memory that all tasks have together, bytes. */
export function createBudget(totalBytes: number): Budget {
  let taken = 0;
  const queue: { bytes: number; go(): void }[] = [];
  const fits = (bytes: number) => taken === 0 || taken + bytes <= totalBytes;
  const advance = () => {
    for (let next = queue[0]; next !== undefined && fits(next.bytes); next = queue[0]) {
      queue.shift();
      taken += next.bytes;
      next.go();
    }
  };
  return {
    async take(bytes, signal) {
      signal?.throwIfAborted();
      if (queue.length === 0 && fits(bytes)) return void (taken += bytes);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const place = { bytes, go: resolve };
      const leave = () => {
        const at = queue.indexOf(place);
        if (at < 0) return; // already taken
        queue.splice(at, 1);
        reject(signal?.reason);
        advance(); // the next one may fit
      };
      queue.push(place);
      signal?.addEventListener("abort", leave, { once: true });
      await promise.finally(() => signal?.removeEventListener("abort", leave));
    },
    give(bytes) {
      taken -= bytes;
      advance();
    },
  };
}

interface Share {
  /** Returns the old share, then waits for a new one. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
  give(): void;
}

export function createShare(budget: Budget): Share {
  let takenBytes = 0;
  const give = () => {
    budget.give(takenBytes);
    takenBytes = 0;
  };
  return {
    give,
    async take(bytes, signal) {
      give();
      await budget.take(bytes, signal);
      takenBytes = bytes;
    },
  };
}

/** Estimates the memory that the files of a save take, bytes, unless they are streamed. */
export function heldBytesOf(files: Awaited<FilesToSave>): number {
  if (!Array.isArray(files)) return STREAMED_BYTES;
  return files.reduce((sum, { content }: FileToSave) => {
    if (content instanceof Uint8Array) return sum + content.byteLength;
    const size = content instanceof ReadableStream ? STREAMED_BYTES : content.size;
    // other sizes are refused when the content is read
    return sum + (Number.isSafeInteger(size) && size >= 0 ? Math.min(size, STREAMED_BYTES) : 0);
  }, 0);
}
