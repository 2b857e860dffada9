// Values that are loaded while a view is shown.
import { useCallback, useEffect, useState } from "./preact.ts";

export interface Loaded<T> {
  /** Absent until it is loaded; the previous one while it loads again or fails to. */
  readonly value?: T;
  readonly error?: unknown;
  readonly loading: boolean;
  reload(): void;
}

/**
 * Loads a value when the view appears and whenever a dependency changes. The signal aborts when
 * the view is left.
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
  return { ...(state.key === key ? state : { loading: true }), reload };
}

interface State<T> extends Omit<Loaded<T>, "reload"> {
  readonly key: string;
}
