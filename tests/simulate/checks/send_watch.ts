// How late an operation sends its records, by the clocks of its process.
import type { System } from "../../../core/system.ts";
import type { StoreCall } from "../with_faults.ts";

/** Watches the calls of one process. */
export interface SendWatch {
  began(): void;
  fenced(): void;
  isLate(call: StoreCall, clocks: System): boolean;
}

/** Watches for creates of records later than this after the first request, or after what renewed the operation. */
export function createSendWatch(deadlineMs: number): SendWatch {
  let first: { monotonic: number; wall: number } | undefined;
  let isFenced = false;
  return {
    began() {
      first = undefined;
      isFenced = false;
    },
    fenced: () => isFenced = true,
    isLate({ verb, mode, key }, clocks) {
      const now = { monotonic: clocks.monotonic(), wall: clocks.now() };
      if (first === undefined || key.endsWith("/.alive")) first = now;
      if (verb !== "put" || mode !== "create" || !key.startsWith("names/")) return false;
      return isFenced ||
        Math.max(now.monotonic - first.monotonic, now.wall - first.wall) > deadlineMs;
    },
  };
}
