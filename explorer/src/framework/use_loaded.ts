// Values that are loaded while a view is shown.
import { useCallback, useEffect, useState } from "./preact.ts";
import { useInterval } from "./use_interval.ts";

/** Milliseconds between two tries while the service is away. */
const AGAIN_MS = 3000;

export interface Loaded<T> {
  /** Absent until it is loaded; the previous one while it loads again or fails to. */
  readonly value?: T;
  readonly error?: unknown;
  readonly loading: boolean;
  reload(): void;
}

/**
 * Loads a value when the view appears and whenever a dependency changes, and tries again while the
 * service is away. The signal aborts when the view is left.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  dependencies: readonly unknown[],
): Loaded<T> {
  const key = JSON.stringify(dependencies);
  const [state, setState] = useState<State<T>>({ key, loading: true });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((round: number) => round + 1), []);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState((before) =>
      before.key === key ? { ...before, loading: true } : { key, loading: true }
    );
    load(signal).then(
      (value) => signal.aborted || setState({ key, value, loading: false }),
      (error) => signal.aborted || setState((before) => ({ ...before, error, loading: false })),
    );
    return () => controller.abort();
  }, [key, round]);
  const now: State<T> = state.key === key ? state : { key, loading: true };
  useInterval(reload, AGAIN_MS, isAway(now.error) && !now.loading);
  return { ...now, reload };
}

/** True if there was no answer (status 0), or one of a proxy whose service is away. */
export function isAway(error: unknown): boolean {
  return [0, 502, 503, 504].includes((error as { status?: number } | undefined)?.status ?? -1);
}

interface State<T> extends Omit<Loaded<T>, "reload"> {
  readonly key: string;
}
