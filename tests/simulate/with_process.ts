// The view of a store in one simulated process: calls and replies wait while it is paused, and no
// reply arrives after it was killed.
import type { Backend, ObjectInfo, Prefix } from "../../core/backend.ts";
import type { FrozenClocks, SimulatedProcess } from "./simulated_system.ts";
import { wrapBackend, wrapCalls } from "../../core/work/wrap_backend.ts";
import type { StoreCall } from "./with_faults.ts";

/** A pause before a call is sent, or before its reply is read. */
export interface CallPause extends FrozenClocks {
  ms: number;
  at: "send" | "reply";
}

export interface WithProcessOptions {
  process: SimulatedProcess;
  pause?(call: StoreCall): CallPause | undefined;
}

export function withProcess(inner: Backend, { process, pause }: WithProcessOptions): Backend {
  async function during<T>(call: StoreCall, work: () => Promise<T>): Promise<T> {
    const chosen = pause?.(call);
    if (chosen?.at === "send") process.pause(chosen.ms, chosen);
    await process.ready();
    try {
      return await work();
    } finally {
      if (chosen?.at === "reply") process.pause(chosen.ms, chosen);
      await process.ready();
    }
  }

  const calls = wrapCalls(
    inner,
    ({ method: verb, key, mode, signal }, act) => during({ verb, key, mode }, () => act(signal)),
  );
  return wrapBackend(calls, {
    async *list(prefix, options): AsyncGenerator<ObjectInfo | Prefix> {
      const entries = inner.list(prefix, options)[Symbol.asyncIterator]();
      for (;;) {
        const next = await during({ verb: "list", key: prefix }, () => entries.next());
        if (next.done) return;
        yield next.value;
      }
    },
  });
}
