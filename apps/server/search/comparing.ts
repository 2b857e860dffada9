// Comparing what is known of versions with what somebody typed.
export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=";

/** Whether a value is one that is wanted. Numbers are compared with numbers, all else as text; only equality is asked of `true`, lists and the like. */
export function comparing(comparison: Comparison, wanted: string): (value: unknown) => boolean {
  const number = wanted.trim() === "" ? NaN : Number(wanted);
  const isOrder = comparison !== "=" && comparison !== "!=";
  return (value) => {
    const isNumber = typeof value === "number" && !Number.isNaN(number);
    if (isOrder && !isNumber && typeof value !== "string") return false;
    const [left, right] = isNumber ? [value, number] : [String(value), wanted];
    switch (comparison) {
      case "=":
        return left === right;
      case "!=":
        return left !== right;
      case ">":
        return left > right;
      case ">=":
        return left >= right;
      case "<":
        return left < right;
      case "<=":
        return left <= right;
    }
  };
}

/** What stands in metadata behind these keys; undefined for nothing. */
export function valueAt(metadata: unknown, path: readonly string[]): unknown {
  let value = metadata;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
