// Stand-in for jsr:@std/assert where JSR cannot be reached: the same code from npm, only the names that are used.
import { Buffer } from "node:buffer";
// @ts-types="./types.d.ts"
import { assertEquals as assertEqualValues } from "npm:deno-std@1.4.0/assert/mod.js";

// @ts-types="./types.d.ts"
export {
  assert,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "npm:deno-std@1.4.0/assert/mod.js";

/** Like that of `@std/assert`, which takes three times as long for values that are equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!areSame(actual, expected)) assertEqualValues(actual, expected, msg);
}

/** Returns true only for values that `@std/assert` takes for equal: the same ones, bytes, and plain data of such values. */
function areSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const kind = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (kind !== Object.prototype && kind !== Array.prototype) return false;
  const keys = Reflect.ownKeys(a);
  return keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && areSame(Reflect.get(a, key), Reflect.get(b, key)));
}
