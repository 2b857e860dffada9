/**
 * The part of an operation that a worker needs: clocks and deadlines are kept on the caller's thread.
 *
 * @module
 */
import type { PayloadOperation } from "../registry/payload/write.ts";

/** An operation without clocks. */
export interface QuietOperation extends PayloadOperation {
  /** The store's time as the newest reply told it, once. */
  takeStoreTime(): number | undefined;
}

/** Creates an operation that ends with the signal alone; `onWork` is called after every piece that was read. */
export function createQuietOperation(action: string, signal: AbortSignal, onWork: () => void): QuietOperation {
  let storeTime: number | undefined;
  return {
    action,
    signal,
    unresolved: false,
    checkSend: () => signal.throwIfAborted(),
    moment: () => ({ monotonic: 0, wall: 0 }),
    ageMs() {
      onWork(); // a payload's age is asked after each piece, also of files that turn out to be shared
      return 0;
    },
    noteReply: ({ modifiedAt }) => void (storeTime = modifiedAt),
    renew() {},
    takeStoreTime() {
      const told = storeTime;
      storeTime = undefined;
      return told;
    },
  };
}
