import { assert, assertEquals, assertRejects } from "@std/assert";
import { openArrayFile } from "../../src/previews/arrays/array_source.ts";
import {
  numbersOf,
  sampleBoxes,
  sampleStatistics,
  statisticsOf,
  windowOf,
} from "../../src/previews/arrays/numbers.ts";
import { openZarr } from "../../src/previews/arrays/zarr_view.ts";
import { encodeNpyHeader } from "../../../formats/arrays/npy_header.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";
import { sampleFiles } from "../support/samples.ts";
import { slowTest } from "../../../tests/support/seeds.ts";

const samples = await sampleFiles(1);
const fileOf = (path: string) => fakeFile(path, samples.get(path)!);

Deno.test("a slice of a .npy file has the elements of its box, with steps", async () => {
  const source = await openArrayFile(fileOf("cube.npy"));
  assertEquals([source.shape, source.dtype], [[6, 40, 50], "int16"]);
  const box = [{ start: 2, count: 1 }, { start: 10, count: 3, step: 5 }, { start: 7, count: 2 }];
  const { data, shape } = await source.read(box);
  const at = (z: number, y: number, x: number) => (z * 2000 + y * 50 + x) % 997;
  assertEquals(shape, [1, 3, 2]);
  assertEquals([...data], [10, 15, 20].flatMap((y) => [at(2, y, 7), at(2, y, 8)]));
});

Deno.test("elements in Fortran order and in the other byte order are read as they are meant", async () => {
  const dict = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
  const header = `\x93NUMPY\x01\x00${String.fromCharCode(118, 0)}${dict.padEnd(117)}\n`;
  const bytes = new Uint8Array(128 + 12);
  bytes.set(Array.from(header, (char) => char.charCodeAt(0)));
  const view = new DataView(bytes.buffer);
  [1, 4, 2, 5, 3, 6].forEach((value, i) => view.setInt16(128 + i * 2, value));
  const source = await openArrayFile(fakeFile("f.npy", bytes));
  const { data } = await source.read([{ start: 0, count: 2 }, { start: 0, count: 3 }]);
  assertEquals([...data], [1, 2, 3, 4, 5, 6]);
});

Deno.test("TIFF, .npy and zarr of the same heights have the same elements", async () => {
  const [npy, tiff] = await Promise.all(
    ["heights.npy", "heights.tif"].map(fileOf).map((file) => openArrayFile(file)),
  );
  const node = await openZarr(fakeVersion(samples), "heights.zarr", { extensions: [] });
  const zarr = node.levels[0]!.source;
  assertEquals(zarr.axes, ["y", "x"]);
  const box = [{ start: 5, count: 3 }, { start: 90, count: 6 }];
  const expected = numbersOf(await npy!.read(box));
  assertEquals(Array.from(numbersOf(await zarr.read(box))), Array.from(expected));
  const one = { start: 0, count: 1 };
  assertEquals(Array.from(numbersOf(await tiff!.read([one, ...box, one]))), Array.from(expected));
});

/** A `.npy` file of zeros with a shape, however large. */
function largeArray(shape: number[]) {
  const header = encodeNpyHeader("float32", shape);
  const size = header.byteLength + shape.reduce((a, b) => a * b, 4);
  return fakeFile("large.npy", {
    size,
    byteAt: (at) => header[at] ?? (at % 4 === 3 ? 0 : at % 251),
  });
}

slowTest("a slice and the statistics of an array of 40 GB read a few MiB", async () => {
  const file = largeArray([100_000, 100_000]);
  const source = await openArrayFile(file);
  const at = [50_000, 99_900];
  const box = windowOf(source, at, [0, 1]);
  const { shape } = await source.read(box);
  assert(shape[0]! >= 64 && shape[0]! <= 512 && shape[1] === 100, `${shape}`);
  const { isAll, count } = await sampleStatistics(source);
  assert(!isAll && count > 10_000);
  assert(file.bytesRead() < 20 * 1024 * 1024, `${file.bytesRead()}`);
  assert(file.reads.length < 600, `${file.reads.length} reads`);
});

Deno.test("a small array is described whole, a large one by boxes within its shape", async () => {
  const small = await openArrayFile(fileOf("cube.npy"));
  assertEquals(sampleBoxes(small), {
    boxes: [[{ start: 0, count: 6 }, { start: 0, count: 40 }, { start: 0, count: 50 }]],
    isAll: true,
  });
  const large = await openArrayFile(largeArray([10_000_000, 3]));
  const { boxes, isAll } = sampleBoxes(large);
  assert(!isAll && boxes.length > 1);
  for (const box of boxes) {
    for (const [axis, { start, count }] of box.entries()) {
      assert(start >= 0 && count >= 1 && start + count <= large.shape[axis]!);
    }
  }
});

Deno.test("a header that promises more than the file has is refused before its elements are read", async () => {
  const header = encodeNpyHeader("float64", [2 ** 40]);
  const file = fakeFile("lie.npy", new Uint8Array([...header, 1, 2, 3]));
  await assertRejects(() => openArrayFile(file), Error, "needs");
  assert(file.bytesRead() < 5000);
});

Deno.test("statistics count what is not finite, and bins hold every finite element", () => {
  const found = statisticsOf([[1, 2, NaN, Infinity], [3, 0, -Infinity]]);
  assertEquals([found.count, found.notANumber, found.infinite, found.zeros], [7, 1, 2, 1]);
  assertEquals([found.min, found.max, found.mean], [0, 3, 1.5]);
  assertEquals(found.deviation, Math.sqrt(1.25));
  assertEquals(found.bins.reduce((sum, { count }) => sum + count, 0), 4);
  assertEquals(statisticsOf([[5, 5]]).bins, [{ from: 5, to: 5, count: 2 }]);
  assertEquals(statisticsOf([[NaN]]).bins, []);
});
