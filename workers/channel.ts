// Calls in both directions between two threads, over `postMessage`.
import { fromWire, toWire, type WireError } from "./wire_error.ts";

// deno-lint-ignore no-explicit-any -- the payload is the method's own
export type Methods = Record<string, (payload: any, signal: AbortSignal) => unknown>;

interface CallOptions {
  transfer?: readonly Transferable[];
  /** Aborts the work on the other thread. The call throws the reason after that has stopped. */
  signal?: AbortSignal;
}

export interface Channel<T extends Methods> {
  call<M extends keyof T & string>(
    method: M,
    payload: Parameters<T[M]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<T[M]>>>;
  receive(message: unknown): void;
  close(error: unknown): void;
}

/** A result whose buffers move to the caller. */
export class Moved<T> {
  readonly value: T;
  readonly transfer: readonly Transferable[];
  constructor(value: T, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

type Message =
  | { kind: "call"; id: number; method: string; payload: unknown }
  | { kind: "result"; id: number; value: unknown }
  | { kind: "error"; id: number; error: WireError }
  | { kind: "cancel"; id: number };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The longest that an aborted call waits for the other thread, so cleanup comes after it. */
const STOP_MS = 2_000;

/** Creates one end of a channel. It answers calls with `methods` and sends with `post`. */
export function createChannel<T extends Methods>(
  methods: Methods,
  post: (message: unknown, transfer: Transferable[]) => void,
  { stopMs = STOP_MS }: { stopMs?: number } = {},
): Channel<T> {
  const waiting = new Map<number, Waiting>();
  const answering = new Map<number, AbortController>();
  let nextId = 1;
  let closed: { error: unknown } | undefined;
  const send = (message: Message, transfer: readonly Transferable[] = []) =>
    post(message, [...transfer]);

  return {
    call(method, payload, { transfer, signal } = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const id = nextId++;
      if (closed !== undefined) return Promise.reject(closed.error);
      if (signal?.aborted) return Promise.reject(signal.reason);
      const cancel = () => {
        send({ kind: "cancel", id });
        const stop = () => reject(signal?.reason);
        waiting.set(id, { resolve: stop, reject: stop });
        AbortSignal.timeout(stopMs).addEventListener("abort", () => waiting.delete(id) && stop());
      };
      try {
        send({ kind: "call", id, method, payload }, transfer);
      } catch (error) {
        return Promise.reject(error); // a value that cannot be cloned
      }
      waiting.set(id, { resolve, reject });
      signal?.addEventListener("abort", cancel, { once: true });
      // deno-lint-ignore no-explicit-any -- the result of the method
      return promise.finally(() => signal?.removeEventListener("abort", cancel)) as Promise<any>;
    },

    receive(data) {
      const message = data as Message;
      const { id } = message;
      if (message.kind === "call") void answer(message);
      else if (message.kind === "cancel") {
        // deno-lint-ignore holdfast/registry-errors -- the default reason of a signal
        answering.get(id)?.abort(new DOMException("The caller aborted the call", "AbortError"));
      } else if (message.kind === "result") waiting.get(id)?.resolve(message.value);
      else waiting.get(id)?.reject(fromWire(message.error));
      if (message.kind === "result" || message.kind === "error") waiting.delete(id);
    },

    close(error) {
      closed ??= { error };
      for (const { reject } of waiting.values()) reject(error);
      for (const controller of answering.values()) controller.abort(error);
      waiting.clear();
    },
  };

  async function answer({ id, method, payload }: Message & { kind: "call" }): Promise<void> {
    const controller = new AbortController();
    answering.set(id, controller);
    let reply: () => void;
    try {
      const result = await methods[method]!(payload, controller.signal);
      reply = result instanceof Moved
        ? () => send({ kind: "result", id, value: result.value }, result.transfer)
        : () => send({ kind: "result", id, value: result });
    } catch (error) {
      reply = () => send({ kind: "error", id, error: toWire(error) });
    }
    answering.delete(id);
    if (closed !== undefined) return;
    try {
      reply();
    } catch (error) {
      send({ kind: "error", id, error: toWire(error) }); // a result that cannot be cloned
    }
  }
}
