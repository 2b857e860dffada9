// Values that an entry of the browser's history keeps while the page is open, for the way back.
const numbers = new Map<string, number>();

function ofEntry(key: string): string {
  if (history.state?.id === undefined) history.replaceState({ id: Math.random() }, "");
  return `${history.state.id} ${key}`;
}

/**
 * Scrolls a box back to its last position in the current entry, once its content is long enough,
 * and remembers its position when it is scrolled. Returns a function that stops both.
 */
export function keepScroll(key: string, box: Element, content: Element): () => void {
  const wanted = numbers.get(ofEntry(key)) ?? 0;
  const observer = new ResizeObserver(() => {
    if (box.scrollTop < wanted - 1) box.scrollTop = wanted;
    if (box.scrollTop >= wanted - 1) observer.disconnect();
  });
  observer.observe(content);
  const ended = new AbortController();
  const options = { passive: true, signal: ended.signal };
  // The events of the page's own box are those of the document.
  const target = box === document.scrollingElement ? document : box;
  target.addEventListener("scroll", () => numbers.set(ofEntry(key), box.scrollTop), options);
  for (const type of ["wheel", "keydown", "pointerdown"]) {
    addEventListener(type, () => observer.disconnect(), options);
  }
  return () => (observer.disconnect(), ended.abort());
}
