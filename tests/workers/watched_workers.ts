// Workers of a test that are counted and that may lose messages. The global `Worker` is replaced.
export interface WatchedWorkers extends Disposable {
  started: number;
  live: number;
}

/**
 * Counts workers.
 *
 * @param onPost is called before each message to one; false if it is lost
 */
export function watchWorkers(
  onPost: (worker: Worker, count: number) => boolean = () => true,
): WatchedWorkers {
  const Original = globalThis.Worker;
  const workers = {
    started: 0,
    live: 0,
    [Symbol.dispose]: () => void (globalThis.Worker = Original),
  };
  let posts = 0;
  globalThis.Worker = class extends Original {
    #live = true;
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.started++;
      workers.live++;
    }
    override postMessage(message: unknown): void {
      if (onPost(this, posts++)) super.postMessage(message);
    }
    override terminate(): void {
      if (this.#live) workers.live--;
      this.#live = false;
      super.terminate();
    }
  };
  return workers;
}

/** Ends a worker as if its program had thrown. */
export function crash(worker: Worker): void {
  const lost = new ErrorEvent("error", { message: "it crashed", cancelable: true });
  queueMicrotask(() => worker.onerror?.(lost));
}
