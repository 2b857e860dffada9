// Values that many requests need, computed once.
import { keepNewest } from "../../../core/kernel.ts";

const MOST_KNOWN = 1000;

/** Returns the value of a key, which is made if it is new. */
export function known<T>(values: Map<string, T>, key: string, make: () => T): T {
  let value = values.get(key);
  if (value === undefined) values.set(key, value = make());
  keepNewest(values, MOST_KNOWN);
  return value;
}
