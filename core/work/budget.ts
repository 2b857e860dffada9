// A budget of bytes in memory that many tasks share.
/** What is streamed takes no more memory; what is of unknown size counts as so much. */
export const STREAMED_BYTES = 32 * 1024 * 1024;

export interface Budget {
  /** Waits, first come first served, until so many bytes are free. More than all of it is given when nothing else is taken. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
  give(bytes: number): void;
}

export function createBudget(totalBytes: number): Budget {
  let taken = 0;
  const queue: { bytes: number; go(): void }[] = [];
  const fits = (bytes: number) => taken === 0 || taken + bytes <= totalBytes;
  const advance = () => {
    while (queue.length > 0 && fits(queue[0].bytes)) {
      const { bytes, go } = queue.shift()!;
      taken += bytes;
      go();
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
        if (at < 0) return; // it was given before
        queue.splice(at, 1);
        reject(signal!.reason);
        advance(); // what was behind it may fit
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

export interface Share {
  /** Gives back what it had, and waits for so many bytes instead: a task that begins anew holds what it holds now. */
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
