// Measures how late an operation sends its records, by the clocks of its process.
import type { System } from "../../../core/system.ts";
import type { StoreCall } from "../with_faults.ts";
import { describeOperation } from "../operation_log.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

export interface SendWatch {
  began(): void;
  fenced(): void;
  isLate(call: StoreCall, clocks: System): boolean;
}

/** Watches for records that were sent too late after the first request or the last renewal. */
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

/** Operations with one commit each. */
const SINGLE = ["save", "delete", "setAlias", "deleteAlias", "commitDraft"];

export function checkSends({ operations }: Evidence): BrokenInvariant[] {
  return operations.flatMap((operation): BrokenInvariant[] =>
    SINGLE.includes(operation.request.verb) && operation.lateSends.length > 0
      ? [{
        invariant: "nothing is sent past the deadline",
        message: `${describeOperation(operation)}: sent ${operation.lateSends.join(" and ")}`,
      }]
      : []
  );
}
