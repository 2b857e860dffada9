import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { isRegistryError } from "../../core/errors.ts";
import { isImage, toArray, toImage } from "../../formats/images/image.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";

const data = Uint16Array.of(1, 2, 3, 4, 5, 6);
const rgb = { data, width: 1, height: 2, channels: 3, dtype: "uint16" } as const;

Deno.test("an image is a plain object whose data matches its members", () => {
  assertEquals(isImage({ ...rgb }), true);
  const others: unknown[] = [
    null,
    "image",
    { ...rgb, name: "more" },
    { ...rgb, data: new Uint8Array(6) },
    { ...rgb, data: new Uint16Array(5) },
    { ...rgb, data: [1, 2, 3, 4, 5, 6] },
    { ...rgb, width: 0, data: new Uint16Array(0) },
    { ...rgb, width: -1, height: -2 },
    { ...rgb, width: 0.5, height: 4 },
    { ...rgb, width: "1" },
    { ...rgb, dtype: "bool", data: new Uint8Array(6) },
    { ...rgb, dtype: "toString" },
    { ...rgb, dtype: "uint8", data: new Uint8ClampedArray(6) },
    Object.assign(Object.create({}), rgb),
  ];
  assertEquals(others.filter(isImage), []);
});

Deno.test("images and arrays convert into each other over the same data", () => {
  const array = toArray(rgb);
  assertEquals(array, { data: rgb.data, shape: [2, 1, 3], dtype: "uint16" });
  assertStrictEquals(array.data, rgb.data);
  const image = toImage(array);
  assertEquals(image, { ...rgb });
  assertStrictEquals(image.data, rgb.data);
});

Deno.test("an image of one channel is an array of two dimensions, or of three", () => {
  const data = Float32Array.of(0.5, NaN);
  const gray = { data, width: 2, height: 1, channels: 1, dtype: "float32" } as const;
  assertEquals(toArray(gray).shape, [1, 2]);
  assertEquals(toImage(toArray(gray)), { ...gray });
  assertEquals(toImage({ data: gray.data, shape: [1, 2, 1], dtype: "float32" }), { ...gray });
});

Deno.test("an array that is not an image is Unsupported, never cast", () => {
  const arrays: NDArray[] = [
    { data: new BigInt64Array(4), shape: [2, 2], dtype: "datetime64[s]" },
    { data: new Uint8Array(4), shape: [2, 2], dtype: "bool" },
    { data: new Uint8Array(4), shape: [4], dtype: "uint8" },
    { data: new Uint8Array(4), shape: [1, 2, 2, 1], dtype: "uint8" },
    { data: new Uint8Array(0), shape: [0, 2], dtype: "uint8" },
  ];
  for (const array of arrays) {
    const error = assertThrows(() => toImage(array as NDArray<"uint8">));
    assertEquals(isRegistryError(error, "Unsupported"), true, array.shape.join());
  }
});
