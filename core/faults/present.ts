// Reads of lists and maps that cannot miss: what is asked for is there, or the code is wrong.

/** Returns the item at a place of a list, from the end if negative. */
export function itemAt<T>(list: ArrayLike<T>, index: number): T {
  const item = list[index < 0 ? list.length + index : index];
  if (item === undefined) throw absent(`item ${index} of ${list.length}`);
  return item;
}

/** Returns the value of a key that a map has. */
export function valueAt<K, V>(map: { get(key: K): V | undefined }, key: K): V {
  return present(map.get(key), "the value of a key");
}

/** Returns a value that is there. `what` names it in the error: `the version of a cell`. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw absent(what);
  return value;
}

function absent(what: string): RangeError {
  // deno-lint-ignore holdfast/registry-errors -- a mistake of this program, never of its input
  return new RangeError(`Cannot read ${what}: it is absent`);
}
