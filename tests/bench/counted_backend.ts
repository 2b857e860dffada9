// A backend that counts what it is asked.
import type { Backend } from "../../core/backend.ts";
import { wrapCalls } from "../../core/work/wrap_backend.ts";

export interface CallCounts {
  counts: Record<string, number>;
  take(): string;
}

export function withCounts(inner: Backend): { backend: Backend; calls: CallCounts } {
  const counts: Record<string, number> = {};
  const counted = wrapCalls(inner, ({ method, signal }, act) => {
    counts[method] = (counts[method] ?? 0) + 1;
    return act(signal);
  });
  const backend = { ...counted, reopen: inner.reopen };
  const calls: CallCounts = {
    counts,
    take() {
      const text =
        Object.entries(counts).map(([method, times]) => `${method} ${times}`).join(", ") ||
        "none";
      for (const method of Object.keys(counts)) delete counts[method];
      return text;
    },
  };
  return { backend, calls };
}
