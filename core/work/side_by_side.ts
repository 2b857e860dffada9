// Tasks that start in order and run concurrently, within a limit.
export interface SideBySide {
  readonly signal: AbortSignal;
  /** Waits for room, starts a task, and returns a wait for it. Throws the first failure. */
  begin(weight: number, task: () => Promise<void>): Promise<() => Promise<void>>;
  end(): Promise<void>;
  stop(reason: unknown): Promise<void>;
}

export function createSideBySide(
  { atOnce, room, signal }: { atOnce: number; room: number; signal?: AbortSignal },
): SideBySide {
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  let weighing = 0;
  let failure: { error: unknown } | undefined;

  return {
    signal: signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]),
    async begin(weight, task) {
      throwFailure();
      while (running.size > 0 && (running.size >= atOnce || weighing + weight > room)) {
        await Promise.race(running);
        throwFailure();
      }
      weighing += weight;
      const run: Promise<void> = task().catch(fail).finally(() => {
        weighing -= weight;
        running.delete(run);
      });
      running.add(run);
      return async () => {
        await run;
        throwFailure();
      };
    },
    async end() {
      await Promise.all(running);
      throwFailure();
    },
    async stop(reason) {
      fail(reason);
      await Promise.all(running);
    },
  };

  /** Keeps the first failure, which usually causes the others. */
  function fail(error: unknown): void {
    failure ??= { error };
    stopped.abort(failure.error);
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure.error;
  }
}
