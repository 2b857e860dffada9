// Something that is repeated, or late, while a view is shown.
import { useEffect, useState } from "./preact.ts";

/** Calls a function at intervals, unless the page is hidden or it is not active. */
export function useInterval(action: () => void, ms: number, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") action();
    }, ms);
    return () => clearInterval(timer);
  }, [ms, active]);
}

/** Milliseconds without a change, such as between two typed keys. */
const REST_MS = 250;

/** Returns a value for what is slow to draw: the one that has not changed for a moment. */
export function useLate<T extends object>(value: T): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}
