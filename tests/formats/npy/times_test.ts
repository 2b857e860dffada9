import { assert, assertEquals } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { npz } from "../../../formats/archive.ts";
import { npy } from "../../../formats/npy.ts";
import { createZarrArray } from "../../../formats/zarr.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { refused } from "../../support/refused.ts";

/** A file as NumPy writes it, version 1.0. */
function npyFile(descr: string, elements: Uint8Array, count: number): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${count},), }`;
  const bytes = new Uint8Array(128 + elements.length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  bytes.set(new TextEncoder().encode(dict), 10);
  bytes[127] = 0x0a;
  bytes.set(elements, 128);
  return bytes;
}

const NAT = -(2n ** 63n);
const TIMES = BigInt64Array.of(1_767_225_600_123_456_789n, -1n, NAT);
const BYTES = new Uint8Array(TIMES.buffer);

Deno.test("times come as whole numbers, with the unit in their type, and go back into the same file", async () => {
  const types = [["<M8[ns]", "datetime64[ns]"], ["<m8[us]", "timedelta64[us]"], [
    "<M8[D]",
    "datetime64[D]",
  ], ["<m8", "timedelta64"]];
  for (const [descr, dtype] of types) {
    const file = npyFile(descr, BYTES, 3);
    const array = await npy().decode(fileOf(file));
    assertEquals(array, { data: TIMES, shape: [3], dtype } as NDArray);
    assert(npy().accepts(array));
    assertEquals(await contentBytes(await npy().encode(array)), file);
    const named = await contentBytes(await npz().encode({ times: array }));
    assertEquals(await npz().decode(fileOf(named)), { times: array });
  }
  const swapped = BYTES.map((_, i) => BYTES[i - i % 8 + 7 - i % 8]);
  assertEquals((await npy().decode(fileOf(npyFile(">M8[s]", swapped, 3)))).data, TIMES);
});

Deno.test("times in steps of several units, or in units that there are not, are Unsupported", async () => {
  for (const descr of ["<M8[25s]", "<M8[x]", "|M8[ns]", "<M4[s]"]) {
    await refused(
      "Unsupported",
      async () => await npy().decode(fileOf(npyFile(descr, BYTES, 3))),
    );
  }
});

Deno.test("numbers of 16 bits come as a Float16Array where the runtime has one", async () => {
  const bits = Uint16Array.of(0x3e00, 0x8000, 0x7e00, 0x7bff); // 1.5, -0, NaN, 65504
  const file = npyFile("<f2", new Uint8Array(bits.buffer), 4);
  const array = await npy().decode(fileOf(file));
  const data = new (globalThis.Float16Array ?? Uint16Array)(bits.buffer);
  assertEquals(array, { data, shape: [4], dtype: "float16" } as NDArray);
  assertEquals(await contentBytes(await npy().encode(array)), file);
});

Deno.test("a zarr array has no times", async () => {
  const store = {
    location: "",
    get: () => Promise.resolve(undefined),
    set: () => Promise.resolve(),
  };
  await refused(
    "Invalid",
    () => createZarrArray(store, "a", { shape: [3], dtype: "datetime64[ns]" }),
  );
});
