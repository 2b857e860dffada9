// The order in which people expect names with numbers: `a2` before `a10`.
/**
 * Sorts these in place, by a text of each: runs of digits by their value, all else by UTF-16 units. Texts that differ in
 * leading zeros only are ordered by these, so that the order is the same everywhere.
 */
export function sortNaturally<T>(items: T[], textOf: (item: T) => string): T[] {
  const sorted = items.map((item) => {
    const text = textOf(item);
    return { item, text, parts: partsOf(text) };
  });
  sorted.sort((a, b) => compareParts(a.parts, b.parts) || compareText(a.text, b.text));
  for (const [index, { item }] of sorted.entries()) items[index] = item;
  return items;
}

function compareParts(x: string[], y: string[]): number {
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) continue;
    const order = i % 2 === 1 ? compareDigits(x[i], y[i]) : compareText(x[i], y[i]);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

/** Text, digits, text, digits …; a name that begins with digits begins with an empty text. */
function partsOf(name: string): string[] {
  return name.split(/(\d+)/);
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || compareText(x, y);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
