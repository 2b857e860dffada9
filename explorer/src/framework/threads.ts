// Questions between the page and a worker. Each has a port, over which its answer comes. Inside a
// worker, the global scope stands for the page.

export interface AskOptions {
  signal?: AbortSignal;
  /** Ends the work with what is found. */
  stop?: AbortSignal;
  onNote?: (note: unknown) => void;
}

type Sent = { note: unknown } | { value: unknown } | { error: { message: string } };

/** Asks the other thread. The promise stays pending if that thread ends meanwhile. */
export function ask<T>(
  thread: Worker,
  question: unknown,
  { signal, stop, onNote }: AskOptions = {},
): Promise<T> {
  const { port1: port, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const done = new AbortController();
    port.onmessage = ({ data }: MessageEvent<Sent>) => {
      if ("note" in data) return onNote?.(data.note);
      done.abort();
      port.close();
      if (signal?.aborted) reject(signal.reason);
      else if ("error" in data) reject(Object.assign(new Error(), data.error));
      else resolve(data.value as T);
    };
    signal?.addEventListener("abort", () => port.postMessage("abort"), { signal: done.signal });
    stop?.addEventListener("abort", () => port.postMessage("stop"), { signal: done.signal });
    thread.postMessage({ question, port: port2 }, [port2]);
  });
}

/** Answers the questions of the other thread. Bytes are moved to it. */
export function answer<Q>(
  thread: Worker,
  run: (question: Q, options: Required<AskOptions>) => unknown,
): void {
  thread.onmessage = async ({ data: { question, port } }) => {
    const [left, stop] = [new AbortController(), new AbortController()];
    port.onmessage = ({ data }: MessageEvent) => (data === "stop" ? stop : left).abort();
    const onNote = (note: unknown) => port.postMessage({ note });
    try {
      const value = await run(question, { signal: left.signal, stop: stop.signal, onNote });
      port.postMessage({ value }, value instanceof Uint8Array ? [value.buffer] : []);
    } catch (error) {
      const { name, code, message, hint, status } = error as Record<string, unknown>;
      port.postMessage({ error: { name, code, message, hint, status } });
    }
  };
}
