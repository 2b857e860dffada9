// A value that follows another when that rests.
import { useEffect, useState } from "./preact.ts";

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
