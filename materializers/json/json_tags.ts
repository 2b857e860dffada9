// The encoding of values that JSON lacks in `data.json`: an object with the key {@linkcode TAG},
// which names the kind of value. An object that has this key itself is wrapped, so that it is never
// mistaken.
//
// | value | written as |
// |---|---|
// | `undefined` | `{ "$holdfast": "undefined" }` |
// | `NaN`, `Infinity`, `-Infinity`, `-0` | `{ "$holdfast": "number", "value": "NaN" }` |
// | a `bigint` | `{ "$holdfast": "bigint", "value": "123" }` |
// | a `Date` | `{ "$holdfast": "date", "value": "2024-01-31T12:00:00.000Z" }` (or `null`) |
// | a `Map` | `{ "$holdfast": "map", "value": [[key, value], …] }` |
// | a `Set` | `{ "$holdfast": "set", "value": [value, …] }` |
// | an array with holes | `{ "$holdfast": "sparse", "length": 10, "value": [[index, value], …] }` |
// | an object without prototype | `{ "$holdfast": "bare", "value": { … } }` |
// | an object with a `$holdfast` | `{ "$holdfast": "object", "value": { "$holdfast": …, … } }` |
// | bytes (three classes) | `{ "$holdfast": "bytes", "class": …, "file": "parts/0.bin" }` |
// | another typed array | `{ "$holdfast": "typed-array", "class": …, "file": "parts/0.npy" }` |
// | `{ data, shape, dtype }` | `{ "$holdfast": "ndarray", "file": "parts/0.npy" }` |
// | a `Blob` or `File` | `{ "$holdfast": "blob", "facts": { "type": … }, "file": "parts/0.bin" }` |
/** The key of a tagged object. */
export const TAG = "$holdfast";

/** A value that `JSON.stringify` writes without loss. */
export type JsonValue = null | boolean | number | string | JsonValue[] | {
  [key: string]: JsonValue;
};

/** Sets an own property, even one named `__proto__`. */
export function setMember(target: object, key: string, value: unknown): void {
  if (key !== "__proto__") (target as Record<string, unknown>)[key] = value;
  else {
    const property = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(target, key, property);
  }
}
