// Searches of sorted lists by halves.

/** Returns the first index from `from` on that passes a test, as all after it do; else `count`. */
export function firstIndex(count: number, test: (index: number) => boolean, from = 0): number {
  let low = from, high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
