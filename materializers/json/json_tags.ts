// How values that JSON lacks are written in `data.json`: as an object with the key {@linkcode TAG},
// whose value says what it stands for. A user's object that has this key itself is wrapped, so the
// two can never be mistaken.
//
// | value | written as |
// |---|---|
// | `undefined` | `{ "$holdfast": "undefined" }` |
// | `NaN`, `Infinity`, `-Infinity`, `-0` | `{ "$holdfast": "number", "value": "NaN" }` |
// | a `bigint` | `{ "$holdfast": "bigint", "value": "123" }` |
// | a `Date` | `{ "$holdfast": "date", "value": "2024-01-31T12:00:00.000Z" }`, `null` where it is invalid |
// | a `Map` | `{ "$holdfast": "map", "value": [[key, value], …] }` |
// | a `Set` | `{ "$holdfast": "set", "value": [value, …] }` |
// | an array with holes | `{ "$holdfast": "sparse", "length": 10, "value": [[index, value], …] }` |
// | an object without prototype | `{ "$holdfast": "bare", "value": { … } }` |
// | an object with the key `$holdfast` | `{ "$holdfast": "object", "value": { "$holdfast": …, … } }` |
// | a `Uint8Array`, `ArrayBuffer`, `DataView` | `{ "$holdfast": "bytes", "class": "DataView", "file": "parts/0.bin" }` |
// | another typed array | `{ "$holdfast": "typed-array", "class": "Float32Array", "file": "parts/0.npy" }` |
// | `{ data, shape, dtype }` | `{ "$holdfast": "ndarray", "file": "parts/0.npy" }` |
// | a `Blob` or `File` | `{ "$holdfast": "blob", "facts": { "type": … }, "file": "parts/0.bin" }` |
/** The key of an object that stands for something else. */
export const TAG = "$holdfast";

/** A value that `JSON.stringify` writes as it is. */
export type JsonValue = null | boolean | number | string | JsonValue[] | {
  [key: string]: JsonValue;
};

/** Sets a member as an own property, also where its key is `__proto__`, which an assignment would not. */
export function setMember(target: object, key: string, value: unknown): void {
  if (key !== "__proto__") (target as Record<string, unknown>)[key] = value;
  else {Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });}
}
