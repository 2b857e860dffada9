import { assertEquals } from "@std/assert";
import { type DType, ELEMENTS, type NDArray } from "../../../formats/arrays/ndarray.ts";
import { listAxes } from "../../../files/ome/axes.ts";
import { halve } from "../../../files/ome/halve.ts";
import { stackImages } from "../../../files/ome/stack.ts";
import { thrown } from "../../core/thrown.ts";

const uint8 = (shape: number[], ...values: number[]) =>
  ({ data: Uint8Array.from(values), shape, dtype: "uint8" }) as const;

Deno.test("means are of two by two, or fewer at odd ends, halves rounded up", () => {
  const image = uint8([3, 3], 0, 1, 7, 1, 0, 8, 4, 7, 255);
  assertEquals(halve(image, "mean"), uint8([2, 2], 1, 8, 6, 255)); // 0.5, 7.5, 5.5, 255
  assertEquals(halve(image, "nearest"), uint8([2, 2], 0, 7, 4, 255));
});

Deno.test("negative means are rounded up too, and those of 64 bits are exact", () => {
  const small = { data: Int16Array.of(-1, -2, -1, -2), shape: [2, 2], dtype: "int16" } as const;
  assertEquals([...halve(small, "mean").data], [-1]);
  const large = 2n ** 62n;
  const cases: [values: bigint[], mean: bigint][] = [
    [[large, large + 1n, large, large + 1n], large + 1n],
    [[-1n, -2n, -1n, -2n], -1n],
  ];
  for (const [values, mean] of cases) {
    const image = { data: BigInt64Array.from(values), shape: [2, 2], dtype: "int64" } as const;
    assertEquals([...halve(image, "mean").data], [mean]);
  }
  const data = new BigUint64Array(4).fill(2n ** 64n - 1n);
  assertEquals([...halve({ data, shape: [2, 2], dtype: "uint64" }, "mean").data], [data[0]]);
});

Deno.test("means of floats are not rounded, and NaN stays", () => {
  const data = Float32Array.of(0, 1, NaN, 1, 1, 1, 1, 1);
  assertEquals([...halve({ data, shape: [2, 4], dtype: "float32" }, "mean").data], [0.75, NaN]);
});

Deno.test("each plane is halved by itself", () => {
  const image = uint8([2, 1, 2, 2], 1, 1, 1, 1, 9, 9, 9, 9);
  assertEquals(halve(image, "mean"), uint8([2, 1, 1, 1], 1, 9));
});

Deno.test("every dtype has a nearest level; those without a mean are refused", () => {
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

Deno.test("planes are stacked along named axes, the last varying fastest", () => {
  const planes = Array.from({ length: 6 }, (_, i) => uint8([1, 2], i, i));
  const axes = listAxes("tcyx");
  assertEquals(stackImages(planes, axes, { t: 2, c: 3 }).shape, [2, 3, 1, 2]);
  const pairs = uint8([3, 2, 1, 2], 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
  assertEquals(stackImages(planes, axes, { c: 2 }), pairs);
  assertEquals(stackImages(planes, listAxes("zyx")).shape, [6, 1, 2]);
  assertEquals(stackImages([planes[0]], axes).shape, [1, 1, 1, 2]);
  assertEquals(stackImages([planes[0]], listAxes("yx")).shape, [1, 2]);
});

Deno.test("planes that do not fit are refused", () => {
  const plane = uint8([1, 2], 1, 2);
  const axes = listAxes("tcyx");
  const float = { data: Float32Array.of(1, 2), shape: [1, 2], dtype: "float32" } as const;
  for (const other of [float, uint8([2, 1], 1, 2), uint8([1, 1, 2], 1, 2)]) {
    thrown("Unsupported", () => stackImages([plane, other], axes, { c: 2 }));
  }
  for (const images of [plane, uint8([0, 1, 2, 2]), [{}], new Uint8Array(4)]) {
    thrown("Unsupported", () => stackImages(images as NDArray, axes));
  }
  const wrong: [count: number, lengths?: Record<string, number>][] = [
    ...[[0], [2], [3, { c: 2 }], [2, { c: 0 }], [2, { c: 2, z: 1 }], [2, { t: 3, c: 1 }]],
  ] as [number, Record<string, number>?][];
  for (const [count, lengths] of wrong) {
    thrown("Invalid", () => stackImages(Array.from({ length: count }, () => plane), axes, lengths));
  }
});
