// Tasks that begin in order and run side by side, as many as there is room for.
export interface SideBySideOptions {
  atOnce: number;
  room: number;
  signal?: AbortSignal;
}

export interface SideBySide {
  readonly signal: AbortSignal;
  /**
   * Waits until there is room, and begins a task; what it returns waits for its end. Throws the first failure of those
   * before, and begins nothing then.
   */
  begin(weight: number, task: () => Promise<void>): Promise<() => Promise<void>>;
  end(): Promise<void>;
  stop(reason: unknown): Promise<void>;
}

export function createSideBySide({ atOnce, room, signal }: SideBySideOptions): SideBySide {
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

  /** The first failure is the one that is told: those after it are mostly its doing. */
  function fail(error: unknown): void {
    failure ??= { error };
    stopped.abort(failure.error);
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure.error;
  }
}
