// Values that an entry of the browser's history keeps while the page is open, for the way back.
const entries = new Map<number, Map<string, number>>();

/** Returns the values of the current entry. */
function kept(): Map<string, number> {
  let id: number | undefined = history.state?.id;
  if (id === undefined) history.replaceState({ id: id = Math.random() }, "");
  const values = entries.get(id) ?? new Map();
  entries.set(id, values);
  return values;
}

/**
 * Scrolls a box to where the current entry was left, once its content is long enough, and keeps
 * where it is from now on. Returns a function that ends both.
 */
export function keepScroll(key: string, box: Element, content: Element): () => void {
  const wanted = kept().get(key) ?? 0;
  const found = () => box.scrollTop >= wanted - 1;
  const reach = () => {
    if (!found()) box.scrollTop = wanted;
    if (found()) observer.disconnect();
  };
  const observer = new ResizeObserver(reach);
  if (wanted > 0) observer.observe(content);
  const ended = new AbortController();
  const options = { passive: true, signal: ended.signal };
  // The events of the page's own box are those of the document.
  const target = box === document.scrollingElement ? document : box;
  target.addEventListener("scroll", () => kept().set(key, box.scrollTop), options);
  for (const type of ["wheel", "keydown", "pointerdown"]) {
    addEventListener(type, () => observer.disconnect(), options);
  }
  return () => (observer.disconnect(), ended.abort());
}
