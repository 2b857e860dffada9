import { assertEquals } from "@std/assert";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { type Image, toArray } from "../../formats/images/image.ts";
import { testOnEach } from "./stores.ts";
import { refused } from "../support/refused.ts";

const array = (dtype: "uint8" | "uint16" | "float32", shape: number[]): NDArray => {
  const length = shape.reduce((a, b) => a * b, 1);
  const of = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[dtype];
  const data = new of(length);
  for (let i = 0; i < length; i++) data[i] = i;
  return { data, shape, dtype } as NDArray;
};

testOnEach("an array of two or three dimensions is saved as an image", async (files) => {
  for (const dtype of ["uint8", "uint16"] as const) {
    for (const shape of [[3, 2], [3, 2, 3], [3, 2, 4]]) {
      for (const path of ["a.png", "a.tif", "a.tiff"]) {
        await files.save(path, array(dtype, shape));
        const loaded = toArray(await files.load<Image>(path));
        assertEquals(loaded, array(dtype, shape), `${path} of ${dtype}`);
      }
    }
  }
  await files.save("heights.tif", array("float32", [4, 5]));
  assertEquals(toArray(await files.load<Image>("heights.tif")), array("float32", [4, 5]));
  await files.save("named", array("uint8", [4, 5]), { as: "png" });
  assertEquals(toArray(await files.load<Image>("named", { as: "png" })), array("uint8", [4, 5]));
});

testOnEach("an array that does not fit the image format is Unsupported", async (files) => {
  const times = {
    data: new BigInt64Array(1),
    shape: [1],
    dtype: "datetime64[25us]" as "datetime64",
  };
  const wrong: [path: string, value: NDArray, why: RegExp][] = [
    ["a.png", array("float32", [3, 2]), /float32/],
    ["a.png", array("uint8", [3, 2, 5]), /5/],
    ["a.tif", array("uint8", [6]), /not an image/],
    ["a.npy", times, /"datetime64\[25us\]"/],
    ["a.tif", array("uint8", [1, 2, 3, 4]), /image/],
    ["a.tif", array("uint8", [0, 2]), /image/],
    ["a.txt", array("uint8", [3, 2]), /text/],
  ];
  for (const [path, value, why] of wrong) {
    await refused("Unsupported", () => files.save(path, value), why);
    assertEquals(await files.stat(path), undefined);
  }
});
