// Lists with a value for each axis, such as shapes, chunks and strides.
/** Returns tuples of the values at the same place; the first list decides how many. */
export function zipLists<T extends unknown[]>(
  ...lists: { [K in keyof T]: readonly T[K][] }
): T[] {
  const [first = [], ...others] = lists as readonly (readonly unknown[])[];
  return first.map((value, place) => [value, ...others.map((list) => list[place])] as T);
}

/** Returns the values at these places of a list. */
export function pickFrom<V>(list: readonly V[], places: readonly number[]): V[] {
  return places.map((place) => list[place]!);
}
