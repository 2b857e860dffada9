/**
 * How late an operation sends its records, by the clocks of its process.
 *
 * @module
 */
import type { System } from "../../../core/system.ts";
import type { StoreCall } from "../with_faults.ts";

/** Watches the calls of one process. */
export interface SendWatch {
  /** An operation begins: its first request is the next one. */
  began(): void;
  /** Hears of each call as it is sent; true for a create of a record that is past the deadline. */
  isLate(call: StoreCall, clocks: System): boolean;
}

/** Watches for creates of records later than this after the first request, or after what renewed the operation. */
export function createSendWatch(deadlineMs: number): SendWatch {
  let first: { monotonic: number; wall: number } | undefined;
  return {
    began: () => first = undefined,
    isLate({ verb, mode, key }, clocks) {
      const now = { monotonic: clocks.monotonic(), wall: clocks.now() };
      if (first === undefined || key.endsWith("/.alive")) first = now;
      if (verb !== "put" || mode !== "create" || !key.startsWith("names/")) return false;
      return Math.max(now.monotonic - first.monotonic, now.wall - first.wall) > deadlineMs;
    },
  };
}
