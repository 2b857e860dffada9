// Comparison of metadata with typed values.
export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=";

/**
 * Returns a test of values against a typed one. It compares numbers as numbers and all other values
 * as strings. Other values than numbers and strings have no order.
 */
export function comparing(comparison: Comparison, wanted: string): (value: unknown) => boolean {
  const number = wanted.trim() === "" ? NaN : Number(wanted);
  const isOrder = comparison !== "=" && comparison !== "!=";
  return (value) => {
    const isNumber = typeof value === "number" && !Number.isNaN(number);
    if (isOrder && !isNumber && typeof value !== "string") return false;
    const [left, right] = isNumber ? [value, number] : [String(value), wanted];
    const order = left === right ? "=" : left < right ? "<" : left > right ? ">" : "";
    return comparison === "!=" ? order !== "=" : order !== "" && comparison.includes(order);
  };
}

/** Returns the value in metadata at a path of keys. */
export function valueAt(metadata: unknown, path: readonly string[]): unknown {
  let value = metadata;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
