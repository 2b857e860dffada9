import { assertEquals } from "@std/assert";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { encodeNpyHeader } from "../../../formats/arrays/npy_header.ts";
import { contentBytes } from "../../../formats/content/content.ts";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { fileOf } from "../image_files.ts";
import { refused } from "../../support/refused.ts";
import { npy, readSlice } from "../../../formats/npy.ts";

const encoded = async (array: NDArray) => await contentBytes(await npy().encode(array));

const array: NDArray = {
  data: Float64Array.from({ length: 60_000 }, (_, i) => i / 2),
  shape: [1000, 60],
  dtype: "float64",
};

Deno.test("a slice is read without the rest of the array", async () => {
  const file = fileOf(await encoded(array));
  const part = await readSlice(file, { start: 998, stop: 1000 });
  const data = array.data.slice(998 * 60) as Float64Array;
  assertEquals(part, { data, shape: [2, 60], dtype: "float64" });
  assertEquals(file.read < 10_000, true, `${file.read} bytes`);
  assertEquals((await readSlice(file, { start: 999 })).shape, [1, 60]);
  assertEquals((await readSlice(file, { stop: 1 })).data, array.data.slice(0, 60));
  assertEquals(await readSlice(file), array);
  assertEquals((await readSlice(file, { start: 5, stop: 5 })).shape, [0, 60]);
});

Deno.test("slices support the other byte order and long headers", async () => {
  const bytes = await encoded({ data: Uint16Array.of(1, 2, 3), shape: [3], dtype: "uint16" });
  const turned = bytes.slice();
  turned[new TextDecoder("latin1").decode(bytes).indexOf("<u2")] = ">".charCodeAt(0);
  assertEquals([...(await readSlice(fileOf(turned), { start: 1 })).data], [0x200, 0x300]);
  const shape = [2, ...Array.from({ length: 3000 }, () => 1)];
  const long = concatBytes([encodeNpyHeader("uint8", shape), Uint8Array.of(8, 9)]);
  assertEquals([...(await readSlice(fileOf(long), { start: 1 })).data], [9]);
});

Deno.test("invalid slices, Fortran order and damaged files are refused", async () => {
  const file = fileOf(await encoded(array));
  const wrong = [{ start: -1 }, { start: 2, stop: 1 }, { stop: 1001 }, { start: 0.5 }, {
    stop: NaN,
  }];
  for (const options of wrong) await refused("Invalid", readSlice(file, options));
  const single = fileOf(await encoded({ data: Uint8Array.of(1), shape: [], dtype: "uint8" }));
  await refused("Invalid", readSlice(single));
  const whole = await encoded({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint8" });
  const fortran = whole.slice();
  const at = new TextDecoder("latin1").decode(whole).indexOf("False");
  fortran.set(new TextEncoder().encode("True "), at);
  await refused("Unsupported", readSlice(fileOf(fortran), { stop: 1 }));
  for (const cut of [0, 5, 11, 40, whole.length - 1]) {
    await refused("Corrupt", readSlice(fileOf(whole.slice(0, cut))));
  }
  const shorter = { ...fileOf(whole.slice(0, -1)), size: whole.byteLength };
  await refused("Conflict", readSlice(shorter));
});
