// Something that is repeated while a view is shown.
import { useEffect } from "./preact.ts";

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
