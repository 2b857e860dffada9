// A store with every fault that the contract allows.
import type { Backend } from "../../core/backend.ts";
import { bodyBytes, bytesStream, storedObject } from "../../core/bytes/bytes.ts";
import { RegistryError, type RegistryErrorFields } from "../../core/errors.ts";
import { type BackendCall, wrapBackend, wrapCalls } from "../../core/work/wrap_backend.ts";

/** A call of a store. */
export interface StoreCall {
  verb: BackendCall["method"] | "place";
  key: string;
  mode?: "create" | "overwrite";
}

/** A fault of one call. */
export type Fault =
  /** Slow before the effect, or the reply after it. */
  | { kind: "slow"; beforeMs?: number; afterMs?: number }
  /** Takes effect; the reply is lost. */
  | { kind: "lostReply" }
  /** Takes no effect; the caller cannot know. */
  | { kind: "lostRequest" }
  /** The caller gets an error; it takes effect later. */
  | { kind: "late"; afterMs: number }
  /** Sent twice on the way; only the second reply arrives. */
  | { kind: "hiddenRetry"; afterMs?: number }
  /** Refused: 503, nothing is written. */
  | { kind: "unavailable" }
  /** Refused with 403, until permission returns. */
  | { kind: "denied" }
  /** The connection breaks within the body: nothing is written. */
  | { kind: "torn" };

/** Options of {@linkcode withFaults}. */
export interface FaultOptions {
  /** Chooses the fault of a call, if any. */
  choose(call: StoreCall): Fault | undefined;
  sleep(ms: number): Promise<void>;
  /** Latency of ordinary requests and replies, milliseconds. @default 0 */
  latencyMs?: () => number;
  /** Entries in a page of a list. @default 100 */
  pageSize?: number;
}

/**
 * Wraps a store so that calls are slow, are lost on their way or on their way back, are sent twice
 * or take effect much later. Faults of calls that a backend may retry are `Unavailable`, as after
 * its last attempt.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { withFaults } from "@holdfast/holdfast/testing";
 * import { assertEquals } from "@std/assert";
 *
 * let lost = 0;
 * const flaky = withFaults(createMemoryBackend(), {
 *   choose: ({ verb, key }) =>
 *     verb === "put" && key.startsWith("names/") && lost++ === 0
 *       ? { kind: "lostReply" }
 *       : undefined,
 *   sleep: () => Promise.resolve(),
 * });
 * await using registry = await openRegistry(flaky);
 * assertEquals((await registry.save("a", "one", { version: "1" })).version, "1.0.0");
 * ```
 */
export function withFaults(inner: Backend, options: FaultOptions): Backend {
  const { choose, sleep, latencyMs = () => 0, pageSize = 100 } = options;

  async function wait(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms);
  }

  function refused(
    { verb, key }: StoreCall,
    state: string,
    more: Partial<RegistryErrorFields> = {},
  ): RegistryError {
    const message = `Cannot ${verb} "${key}": ${state}`;
    return new RegistryError({
      code: "Unavailable",
      message,
      key,
      backend: inner.location,
      ...more,
    });
  }

  function lost(call: StoreCall): RegistryError {
    return refused(call, "no reply", call.verb === "put" ? { maybeWritten: true } : {});
  }

  /** Sends a request once; `act` is its effect. */
  async function send<T>(
    call: StoreCall,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    return await unlessAborted(answer(call, act), signal);
  }

  async function answer<T>(call: StoreCall, act: () => Promise<T>): Promise<T> {
    const fault = choose(call);
    await wait(latencyMs() + (fault?.kind === "slow" ? fault.beforeMs ?? 0 : 0));
    switch (fault?.kind) {
      case "lostRequest":
        throw lost(call);
      case "late":
        sleep(fault.afterMs).then(act).catch(() => {}); // nobody is left to receive it
        throw lost(call);
      case "denied":
        throw refused(call, "permission denied", { code: "Denied" });
      case "unavailable":
        throw refused(call, "the store is busy");
      case "torn":
        throw refused(call, "the connection broke");
    }
    let result = await act();
    if (fault?.kind === "hiddenRetry") {
      await wait(fault.afterMs ?? latencyMs());
      result = await act();
    }
    await wait(latencyMs() + (fault?.kind === "slow" ? fault.afterMs ?? 0 : 0));
    if (fault?.kind === "lostReply") throw lost(call);
    return result;
  }

  // an effect may come long after its caller is gone
  const calls = wrapCalls(
    inner,
    ({ method: verb, key, mode, signal }, act) =>
      send({ verb, key, mode }, signal, () => act(undefined)),
    {
      pageEntries: pageSize,
    },
  );
  return wrapBackend(calls, {
    get(key, { range, signal } = {}) {
      return send({ verb: "get", key }, signal, async () => {
        const found = await inner.get(key, { range });
        if (found === undefined) return undefined;
        // as of now, whatever happens to the object while the reply travels
        const bytes = await found.bytes();
        return storedObject(found.info, {
          body: () => bytesStream(bytes),
          bytes: () => Promise.resolve(bytes),
        });
      });
    },
    async put(key, body, options) {
      return await calls.put(key, await bodyBytes(body), options); // may take effect twice
    },
  });
}

function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
