// A bound on what is remembered: the oldest entries go first.

/** Removes the oldest entries of a map, or of a set, until it has at most so many. */
export function keepNewest<K>(
  entries: { readonly size: number; keys(): Iterable<K>; delete(key: K): boolean },
  most: number,
): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
}
