// The order that people expect in lists: `run-2` before `run-10`. Programs get what they read in
// the order that is documented.
/** These, by a text of each: numbers in it count as numbers. */
export function inOrder<T>(items: Iterable<T>, textOf: (item: T) => string): T[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...items].sort((a, b) => order.compare(textOf(a), textOf(b)));
}
