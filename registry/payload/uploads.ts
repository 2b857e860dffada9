/**
 * Uploads of one payload that go on side by side, within a budget of memory.
 *
 * @module
 */

/** What uploads may take together, bytes: what a store holds of an object on its way counts. */
const BUDGET_BYTES = 64 * 1024 * 1024;
/** Most that a store holds of one object, whatever its size: some parts of it. */
const MOST_HELD_BYTES = 32 * 1024 * 1024;
const MAX_AT_ONCE = 8;

/** Uploads that are under way. After a failure the others are aborted, and none begins any more. */
export interface Uploads {
  /** Ends with the caller's signal, and with the first failure. */
  readonly signal: AbortSignal;
  /** Begins an upload of so many bytes once there is room for it. Throws what an earlier one met. */
  begin(bytes: number, upload: () => Promise<void>): Promise<void>;
  /** Waits for all. Throws what one of them met. */
  end(): Promise<void>;
  /** Aborts those under way and waits until they have ended. */
  stop(reason: unknown): Promise<void>;
}

/** Makes room for uploads; none is under way. */
export function createUploads(signal: AbortSignal | undefined): Uploads {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let heldBytes = 0;
  let failure: { error: unknown } | undefined;

  function check(): void {
    if (failure !== undefined) throw failure.error;
  }

  return {
    signal: signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]),
    async begin(bytes, upload) {
      const held = Math.min(bytes, MOST_HELD_BYTES);
      while (running.size >= MAX_AT_ONCE || (running.size > 0 && heldBytes + held > BUDGET_BYTES)) {
        await Promise.race(running);
      }
      check();
      heldBytes += held;
      const running_ = upload().catch((error) => {
        failure ??= { error };
        stopping.abort(error);
      }).finally(() => {
        heldBytes -= held;
        running.delete(running_);
      });
      running.add(running_);
    },
    async end() {
      await Promise.all(running);
      check();
    },
    async stop(reason) {
      stopping.abort(reason);
      await Promise.all(running);
    },
  };
}
