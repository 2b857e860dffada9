import { assertEquals } from "@std/assert";
import { type DType, ELEMENTS, type NDArray } from "../../../formats/arrays/ndarray.ts";
import { listAxes } from "../../../files/ome/axes.ts";
import { halve } from "../../../files/ome/halve.ts";
import { stackImages } from "../../../files/ome/stack.ts";
import { thrown } from "../../core/thrown.ts";

const uint8 = (
  shape: number[],
  ...values: number[]
) => ({ data: Uint8Array.from(values), shape, dtype: "uint8" } as const);

Deno.test("a level has the means of two by two, halves rounded up, and of fewer at odd ends", () => {
  const image = uint8([3, 3], 0, 1, 7, 1, 0, 8, 4, 7, 255);
  assertEquals(halve(image, "mean"), uint8([2, 2], 1, 8, 6, 255)); // 0.5, 7.5, 5.5, 255
  assertEquals(halve(image, "nearest"), uint8([2, 2], 0, 7, 4, 255));
});

Deno.test("means below zero are rounded up too, and those of 64 bits are exact", () => {
  const small = { data: Int16Array.of(-1, -2, -1, -2), shape: [2, 2], dtype: "int16" } as const;
  assertEquals([...halve(small, "mean").data], [-1]);
  const large = BigInt64Array.of(2n ** 62n, 2n ** 62n + 1n, 2n ** 62n, 2n ** 62n + 1n);
  assertEquals([...halve({ data: large, shape: [2, 2], dtype: "int64" }, "mean").data], [
    2n ** 62n + 1n,
  ]);
  const below = {
    data: BigInt64Array.of(-1n, -2n, -1n, -2n),
    shape: [2, 2],
    dtype: "int64",
  } as const;
  assertEquals([...halve(below, "mean").data], [-1n]);
  const greatest = {
    data: new BigUint64Array(4).fill(2n ** 64n - 1n),
    shape: [2, 2],
    dtype: "uint64",
  } as const;
  assertEquals([...halve(greatest, "mean").data], [2n ** 64n - 1n]);
});

Deno.test("means of floats are not rounded, and NaN stays", () => {
  const data = Float32Array.of(0, 1, NaN, 1, 1, 1, 1, 1);
  assertEquals([...halve({ data, shape: [2, 4], dtype: "float32" }, "mean").data], [0.75, NaN]);
});

Deno.test("each plane is made smaller by itself", () => {
  const image = uint8([2, 1, 2, 2], 1, 1, 1, 1, 9, 9, 9, 9);
  assertEquals(halve(image, "mean"), uint8([2, 1, 1, 1], 1, 9));
});

Deno.test("every kind of element has a nearest level, and what has no mean is refused", () => {
  for (const dtype of Object.keys(ELEMENTS) as DType[]) {
    const { array, lanes, bytes } = ELEMENTS[dtype];
    const words = Uint8Array.from({ length: 9 * bytes }, (_, i) => dtype === "bool" ? i & 1 : i);
    const image = { data: new array(words.buffer, 0, 9 * lanes), shape: [3, 3], dtype } as NDArray;
    const half = halve(image, "nearest");
    const corners = [0, 2, 6, 8].flatMap((i) => [...words.subarray(i * bytes, (i + 1) * bytes)]);
    assertEquals([...new Uint8Array(half.data.buffer)], corners, dtype);
    if (["bool", "complex64", "complex128"].includes(dtype)) {
      thrown("Unsupported", () => halve(image, "mean"));
    }
  }
});
Deno.test("planes are stacked along the axes that are named, the last varying fastest", () => {
  const planes = Array.from({ length: 6 }, (_, i) => uint8([1, 2], i, i));
  const axes = listAxes("tcyx");
  assertEquals(stackImages(planes, axes, { t: 2, c: 3 }).shape, [2, 3, 1, 2]);
  assertEquals(
    stackImages(planes, axes, { c: 2 }),
    uint8([3, 2, 1, 2], 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5),
  );
  assertEquals(stackImages(planes, listAxes("zyx")).shape, [6, 1, 2]);
  assertEquals(stackImages([planes[0]], axes).shape, [1, 1, 1, 2]);
  assertEquals(stackImages([planes[0]], listAxes("yx")).shape, [1, 2]);
});

Deno.test("planes that do not fit are refused, and nothing is cast", () => {
  const plane = uint8([1, 2], 1, 2);
  const axes = listAxes("tcyx");
  const float = { data: Float32Array.of(1, 2), shape: [1, 2], dtype: "float32" } as const;
  thrown("Unsupported", () => stackImages([plane, float], axes, { c: 2 }));
  thrown("Unsupported", () => stackImages([plane, uint8([2, 1], 1, 2)], axes, { c: 2 }));
  thrown("Unsupported", () => stackImages([plane, uint8([1, 1, 2], 1, 2)], axes, { c: 2 }));
  thrown("Unsupported", () => stackImages(plane, axes));
  thrown("Unsupported", () => stackImages(uint8([0, 1, 2, 2]), axes));
  thrown("Unsupported", () => stackImages([{} as NDArray], axes));
  thrown("Unsupported", () => stackImages(new Uint8Array(4) as unknown as NDArray, axes));
  thrown("Invalid", () => stackImages([], axes));
  thrown("Invalid", () => stackImages([plane, plane], axes));
  thrown("Invalid", () => stackImages([plane, plane, plane], axes, { c: 2 }));
  thrown("Invalid", () => stackImages([plane, plane], axes, { c: 0 }));
  thrown("Invalid", () => stackImages([plane, plane], axes, { c: 2, z: 1 }));
  thrown("Invalid", () => stackImages([plane, plane], axes, { t: 3, c: 1 }));
});
