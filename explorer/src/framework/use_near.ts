// Elements in view or near it: a long page draws only a part of what it has.
import { elementOf } from "./element_of.ts";
import { type RefObject, useEffect, useRef, useState } from "./preact.ts";

/** The distance from which an element counts as near. */
const MARGIN = "600px";

/**
 * Returns whether an element is near, and the height that it had before it was not, which its
 * placeholder takes.
 */
export function useNear(
  box: RefObject<HTMLElement | null>,
  hasPlace = true,
): readonly [boolean, number] {
  const [state, setState] = useState<readonly [boolean, number]>([false, 0]);
  useEffect(() => {
    if (!hasPlace) return;
    const element = elementOf(box);
    const observer = new IntersectionObserver((entries) => {
      const isNear = entries.at(-1)?.isIntersecting === true;
      setState((before) => before[0] === isNear ? before : [isNear, element.clientHeight]);
    }, { rootMargin: MARGIN });
    observer.observe(element);
    return () => observer.disconnect();
  }, [hasPlace]);
  return state;
}

/** Returns whether an element is near, or was at any time since it has its place. */
export function useWasNear(box: RefObject<HTMLElement | null>, hasPlace: boolean): boolean {
  const was = useRef(false);
  const [isNear] = useNear(box, hasPlace);
  was.current ||= isNear;
  return was.current;
}
