// Elements in view or near it: a long page draws only a part of what it has.
import { elementOf } from "./element_of.ts";
import { type RefObject, useEffect, useState } from "./preact.ts";

/** The distance from which an element counts as near. */
const MARGIN = "600px";

/**
 * Returns whether an element is near, and the height that it had before it was not, which its
 * placeholder takes.
 */
export function useNear(box: RefObject<HTMLElement | null>): readonly [boolean, number] {
  const [state, setState] = useState<readonly [boolean, number]>([false, 0]);
  useEffect(() => {
    const element = elementOf(box);
    const observer = new IntersectionObserver((entries) => {
      const isNear = entries.at(-1)?.isIntersecting === true;
      setState((before) => before[0] === isNear ? before : [isNear, element.clientHeight]);
    }, { rootMargin: MARGIN });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return state;
}
