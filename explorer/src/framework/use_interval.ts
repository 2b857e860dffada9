// Hooks for views: a function that is called at intervals, and a value that stopped changing.
import { useEffect, useRef, useState } from "./preact.ts";

/**
 * Calls a function at intervals while it is active. A hidden page has no timer, and calls it when
 * it is shown again.
 */
export function useInterval(action: () => void, ms: number, active: boolean): void {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    if (!active) return;
    let timer: ReturnType<typeof setInterval> | undefined;
    const follow = ({ type }: { type?: string }) => {
      clearInterval(timer);
      if (document.visibilityState !== "visible") return;
      timer = setInterval(() => latest.current(), ms);
      if (type !== undefined) latest.current();
    };
    follow({});
    document.addEventListener("visibilitychange", follow);
    return () => (clearInterval(timer), document.removeEventListener("visibilitychange", follow));
  }, [ms, active]);
}

/** Milliseconds without a change, such as between two typed keys. */
const REST_MS = 250;

/** Returns the last value that did not change for a moment, for what is slow to draw. */
export function useLate<T extends object | string>(value: T): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}
