// The elements of components, for effects and handlers of events.
import type { RefObject } from "./preact.ts";

/** Returns the element of a component that is in the page. */
export function elementOf<T>({ current }: RefObject<T | null>): T {
  if (current === null) throw new Error("Cannot use an element: its component is not in the page");
  return current;
}
