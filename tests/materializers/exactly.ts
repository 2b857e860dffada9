// Compares two values in everything that a materializer must keep.
import { assertEquals, assertStrictEquals } from "@std/assert";

/** Asserts that two values have equal classes, keys in equal order, equal elements, holes, signs of zero and bits. */
export function assertExactly(actual: unknown, expected: unknown, path = "$"): void {
  if (typeof expected !== "object" || expected === null) {
    assertEquals(
      Object.is(actual, expected),
      true,
      `${path}: ${String(actual)} is not ${String(expected)}`,
    );
    return;
  }
  assertEquals(typeof actual, "object", path);
  const [found, wanted] = [actual as object, expected];
  assertStrictEquals(
    Object.getPrototypeOf(found),
    Object.getPrototypeOf(wanted),
    `${path}: another class`,
  );
  if (ArrayBuffer.isView(wanted)) {
    return assertEquals(bitsOf(found as ArrayBufferView), bitsOf(wanted), path);
  }
  if (wanted instanceof ArrayBuffer) {
    return assertEquals(new Uint8Array(found as ArrayBuffer), new Uint8Array(wanted));
  }
  if (wanted instanceof Date) {
    return assertEquals((found as Date).getTime(), wanted.getTime(), path);
  }
  if (wanted instanceof Map) {
    return assertExactly([...(found as typeof wanted)], [...wanted], `${path}.map`);
  }
  if (wanted instanceof Set) {
    return assertExactly([...(found as typeof wanted)], [...wanted], `${path}.set`);
  }
  const keys = Reflect.ownKeys(wanted);
  assertEquals(Reflect.ownKeys(found), keys, `${path}: other keys`);
  for (const key of keys) {
    const [a, b] = [found, wanted].map((holder) => Object.getOwnPropertyDescriptor(holder, key)!);
    assertExactly(a.value, b.value, `${path}.${String(key)}`);
    assertEquals({ ...a, value: 0 }, { ...b, value: 0 }, `${path}.${String(key)}`);
  }
}

function bitsOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}
