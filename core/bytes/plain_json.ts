/**
 * Values that JSON holds exactly.
 *
 * @module
 */

/** Deepest nesting that is saved. Many JSON readers stop about here, and a stack must hold it. */
export const MAX_DEPTH = 1_000;

/**
 * What tells whether `JSON.stringify` loses nothing of a value, and `JSON.parse` gives it back. This is all that most
 * values cost.
 *
 * @param reserved a key that no object in it may have
 */
export function createPlainCheck(reserved?: string): (value: unknown) => boolean {
  function isPlain(value: unknown, depth: number): boolean {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== "object" || depth > MAX_DEPTH) return false;
    const prototype = Object.getPrototypeOf(value);
    const keys = Reflect.ownKeys(value);
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype || keys.length !== value.length + 1) return false; // its elements and `length`
      for (let index = 0; index < value.length; index++) if (!isPlainMember(value, index, depth)) return false;
      return true;
    }
    if (prototype !== Object.prototype) return false;
    for (const key of keys) {
      if (typeof key === "symbol" || key === reserved || !isPlainMember(value, key, depth)) return false;
    }
    return true;
  }

  function isPlainMember(holder: object, key: string | number, depth: number): boolean {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    // A hole has no property, and a getter no value: `undefined` is not plain.
    return property?.enumerable === true && isPlain(property.value, depth + 1);
  }

  return (value) => isPlain(value, 0);
}
