/** Returns the kind of a value for messages. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name !== "string" || name === "" ? "an object" : `a value of class ${name}`;
}
