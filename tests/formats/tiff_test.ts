import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { type Image, IMAGE_DTYPES } from "../../formats/images/image.ts";
import { readPages, readRegion, tiff } from "../../formats/tiff.ts";
import { anyImage, assertFails, assertSameImage, encoded, fileOf } from "./image_files.ts";
import { packLzw, tiffFile, type TiffLayout } from "./tiff_files.ts";
import { refused } from "../support/refused.ts";

const DTYPES = IMAGE_DTYPES;

const anyLayout: fc.Arbitrary<TiffLayout> = fc.record({
  littleEndian: fc.boolean(),
  big: fc.boolean(),
  planar: fc.boolean(),
  tile: fc.option(fc.constantFrom<[number, number]>([4, 2], [16, 16]), { nil: undefined }),
  compression: fc.constantFrom(1, 5, 8, 32_773),
  predictor: fc.boolean(),
}).map((layout) => ({
  ...layout,
  predictor: layout.predictor && [5, 8].includes(layout.compression),
}));

/** Without the bits of NaN, which pass through JavaScript numbers in the writer of these tests. */
const plainImage = anyImage(DTYPES, [1, 2, 3, 5]).map((image) => {
  const { data } = image as Image;
  if (image.dtype.startsWith("float")) {
    data.forEach((value, i) => data[i] = Number.isNaN(value) ? i : value);
  }
  return image;
});

function ramp(width: number, height: number, channels = 1): Image<"uint16"> {
  const data = new Uint16Array(width * height * channels).map((_, i) => i * 3);
  return { data, width, height, channels, dtype: "uint16" };
}

Deno.test("images of any kind of samples and number of channels come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(DTYPES, [1, 2, 3, 4, 9]), async (image) => {
      assert(tiff().accepts(image));
      assertSameImage(await tiff().decode(fileOf(await encoded(tiff(), image))), image);
    }),
  );
});

Deno.test("a large image has many strips and comes back exactly", async () => {
  const image = ramp(600, 301, 3);
  const content = await tiff().encode(image);
  assert("stream" in content && typeof content.size === "number");
  const bytes = await encoded(tiff(), image);
  assertEquals(bytes.byteLength, content.size);
  assertSameImage(await tiff().decode(fileOf(bytes)), image);
});

Deno.test("files of every layout that is known are read exactly, and so is each region of them", async () => {
  await fc.assert(
    fc.asyncProperty(
      plainImage,
      anyLayout,
      fc.array(fc.nat({ max: 8 }), { minLength: 4, maxLength: 4 }),
      async (image, layout, places) => {
        const file = fileOf(tiffFile([image], layout));
        assertSameImage(await tiff().decode(file), image);
        const { width, height, channels } = image;
        const [x, y] = [places[0] % width, places[1] % height];
        const area = {
          x,
          y,
          width: 1 + places[2] % (width - x),
          height: 1 + places[3] % (height - y),
        };
        const data = image.data.slice(0, area.width * area.height * channels).map((_, i) => {
          const [pixel, channel] = [Math.floor(i / channels), i % channels];
          const [row, column] = [y + Math.floor(pixel / area.width), x + pixel % area.width];
          return image.data[(row * width + column) * channels + channel];
        });
        const expected = {
          data,
          width: area.width,
          height: area.height,
          channels,
          dtype: image.dtype,
        } as Image;
        assertSameImage(await readRegion(file, area), expected);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("LZW is undone over all widths of codes and over a full table", async () => {
  const data = new Uint8Array(60_000).map((_, i) => (i * i >> 5) % 251 ^ i % 7);
  const image: Image = { data, width: 200, height: 300, channels: 1, dtype: "uint8" };
  const file = tiffFile([image], { compression: 5, tile: [200, 300] });
  assert(packLzw(data).length > 4096 * 2);
  assertSameImage(await tiff().decode(fileOf(file)), image);
});

Deno.test("a region reads the head of the file, its tiles or rows, and little else", async () => {
  const image = ramp(512, 512);
  const area = { x: 100, y: 200, width: 20, height: 10 };
  const limits: [TiffLayout, number][] = [
    [{ tile: [64, 64] }, 2 * 64 * 64 * 2],
    [{ tile: [64, 64], compression: 8 }, 2 * 64 * 64 * 2],
    [{}, 10 * 512 * 2],
  ];
  for (const [layout, pixels] of limits) {
    const file = fileOf(tiffFile([image], layout));
    const region = await readRegion(file, area);
    assertEquals([region.data[0], region.data[199]], [
      image.data[200 * 512 + 100],
      image.data[209 * 512 + 119],
    ]);
    assert(file.read <= pixels + 4 * 16_384, `read ${file.read} of ${file.size} bytes`);
    assert(file.reads <= 8, `asked ${file.reads} times`);
  }
  const own = fileOf(await encoded(tiff(), image));
  await readRegion(own, area);
  assert(own.read <= 10 * 512 * 2 + 16_384, `read ${own.read} of ${own.size} bytes`);
});

Deno.test("what a file hands out is not changed, wherever its samples begin", async () => {
  for (const gap of [0, 1, 2, 3]) {
    const image: Image = {
      data: Float32Array.of(1, 2, 3, 4),
      width: 2,
      height: 2,
      channels: 1,
      dtype: "float32",
    };
    for (const littleEndian of [true, false]) {
      const bytes = tiffFile([image], { gap, littleEndian });
      const file = { ...fileOf(bytes), stream: streamOf(bytes) };
      assertSameImage(await tiff().decode(file), image);
      assertSameImage(await tiff().decode(file), image);
    }
  }
});

/** Gives the bytes themselves, as a store in memory may. */
function streamOf(bytes: Uint8Array): FileToDecode["stream"] {
  return ({ offset, length } = { offset: 0 }) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(offset, offset + (length ?? bytes.length)));
        controller.close();
      },
    });
}

Deno.test("a region that is not in the page is Invalid, and a page that is not there NotFound", async () => {
  const file = fileOf(tiffFile([ramp(5, 4)]));
  const outside = [[0, 0, 6, 1], [5, 0, 1, 1], [0, 4, 1, 1], [-1, 0, 1, 1], [0, 0, 0, 1], [
    0.5,
    0,
    1,
    1,
  ], [NaN, 0, 1, 1]];
  for (const [x, y, width, height] of outside) {
    await refused("Invalid", () => readRegion(file, { x, y, width, height }));
  }
  await refused(
    "NotFound",
    () => readRegion(file, { x: 0, y: 0, width: 1, height: 1, page: 1 }),
  );
});

Deno.test("pages are read one by one; where there are several, one is named", async () => {
  const pages = [ramp(2, 2), { ...ramp(3, 1, 3) }];
  const bytes = tiffFile(pages);
  await assertFails(tiff(), bytes, "Unsupported", /several pages/);
  assertSameImage(await tiff({ page: 0 }).decode(fileOf(bytes)), pages[0]);
  assertSameImage(await tiff({ page: 1 }).decode(fileOf(bytes)), pages[1]);
  assertEquals([
    ...(await readRegion(fileOf(bytes), { x: 2, y: 0, width: 1, height: 1, page: 1 })).data,
  ], [18, 21, 24]);
  assertEquals(await readPages(fileOf(bytes)), [
    { width: 2, height: 2, channels: 1, dtype: "uint16", isDerived: false },
    { width: 3, height: 1, channels: 3, dtype: "uint16", isDerived: false },
  ]);
});

Deno.test("a palette gives its colors, of 8 bits where those suffice", async () => {
  const image: Image = {
    data: Uint8Array.of(0, 1, 255, 2),
    width: 2,
    height: 2,
    channels: 1,
    dtype: "uint8",
  };
  const planes = [1, 2, 3].map((plane) => Array.from({ length: 256 }, (_, i) => (i * plane) % 256));
  for (const [factor, dtype] of [[256, "uint8"], [257, "uint8"], [255, "uint16"]] as const) {
    const colors = planes.flat().map((value) => value * factor);
    const bytes = tiffFile([image], { compression: 5, tags: { 262: [3], 320: colors } });
    const scale = dtype === "uint8" ? 1 : factor;
    const expected = [...image.data].flatMap((index) =>
      planes.map((plane) => plane[index as number] * scale)
    );
    const found = await tiff().decode(fileOf(bytes));
    assertEquals([found.dtype, found.channels, [...found.data as Uint8Array]], [
      dtype,
      3,
      expected,
    ]);
    assertEquals(
      [...(await readRegion(fileOf(bytes), { x: 0, y: 1, width: 1, height: 1 })).data],
      expected.slice(6, 9),
    );
    assertEquals(await readPages(fileOf(bytes)), [{
      width: 2,
      height: 2,
      channels: 3,
      dtype,
      isDerived: false,
    }]);
  }
  await assertFails(
    tiff(),
    tiffFile([image], { tags: { 262: [3] } }),
    "Corrupt",
    /palette has 0 values/,
  );
  await assertFails(
    tiff(),
    tiffFile([image], { tags: { 262: [3], 320: Array(768).fill(65_536) } }),
    "Corrupt",
    /16 bits/,
  );
  await assertFails(
    tiff(),
    tiffFile([ramp(2, 2)], { tags: { 262: [3] } }),
    "Unsupported",
    /palette/,
  );
});

Deno.test("smaller copies and masks are no pages of their own", async () => {
  for (const subfile of [1, 4]) {
    const bytes = tiffFile([ramp(4, 4)], { tags: { 254: [subfile] } });
    await assertFails(tiff(), bytes, "Corrupt", /no page/);
    assertEquals((await readPages(fileOf(bytes)))[0].isDerived, true);
  }
});

Deno.test("what TIFF cannot hold is refused, not cast", () => {
  const images: unknown[] = [
    { ...ramp(2, 2), dtype: "float16" },
    { ...ramp(2, 2), width: 3 },
    "image",
  ];
  for (const image of images) {
    assertEquals(tiff().accepts(image), false);
    assert(isRegistryError(assertThrows(() => tiff().encode(image as Image)), "Unsupported"));
  }
});

Deno.test("what is stored in another way is Unsupported", async () => {
  const tags: Record<number, number[]>[] = [
    { 258: [12] },
    { 258: [4] },
    { 339: [3] },
    { 339: [5] },
    { 259: [7] },
    { 262: [0] },
    { 262: [3] },
    { 266: [2] },
    { 284: [3] },
    { 317: [3] },
  ];
  for (const changed of tags) {
    await assertFails(tiff(), tiffFile([ramp(2, 2)], { tags: changed }), "Unsupported");
  }
  await assertFails(
    tiff(),
    tiffFile([ramp(2, 2, 2)], { tags: { 258: [16, 8] } }),
    "Unsupported",
    /16, 8 bits/,
  );
});

Deno.test("an image that says it is huge is refused before its pixels, and so are its blocks", async () => {
  const huge = { 256: [100_000], 257: [100_000] };
  await assertFails(
    tiff(),
    tiffFile([ramp(2, 2)], { tags: huge }),
    "Unsupported",
    /100000 x 100000 pixels/,
  );
  await assertFails(tiff({ maxPixels: 3 }), tiffFile([ramp(2, 2)]), "Unsupported");
  const many = {
    277: [60_000],
    258: Array<number>(60_000).fill(16),
    339: Array<number>(60_000).fill(1),
    256: [20_000],
  };
  await assertFails(
    tiff(),
    tiffFile([ramp(2, 2)], { tags: many }),
    "Unsupported",
    /60000 channels/,
  );
  const tile = { 322: [100_000], 323: [100_000] };
  await assertFails(
    tiff(),
    tiffFile([ramp(2, 2)], { tile: [4, 4], compression: 8, tags: tile }),
    "Unsupported",
  );
  const file = fileOf(tiffFile([ramp(20, 20)]));
  assertEquals(
    (await readRegion(file, { x: 1, y: 1, width: 2, height: 2, maxPixels: 4 })).data.length,
    4,
  );
  await refused(
    "Unsupported",
    () => readRegion(file, { x: 0, y: 0, width: 5, height: 1, maxPixels: 4 }),
  );
});

Deno.test("what is cut, goes in a circle, or contradicts itself is Corrupt", async () => {
  const image = ramp(4, 4);
  const bytes = tiffFile([image]);
  const circle = tiffFile([image, image]);
  circle.copyWithin(circle.length - 4, 4, 8); // the last page is followed by the first one
  await assertFails(tiff({ page: 2 }), circle, "Corrupt", /circle/);
  await assertFails(tiff(), bytes.subarray(0, bytes.length - 1), "Corrupt", /cut off/);
  await assertFails(tiff(), Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0), "Corrupt", /no page/);
  await assertFails(tiff(), new Uint8Array(0), "Corrupt", /no TIFF/);
  const tags: Record<number, number[] | undefined>[] = [
    { 256: [0] },
    { 256: undefined },
    { 277: [0] },
    { 277: [2] },
    { 278: [0] },
    { 273: [8] },
    { 273: [8, 1e9] },
    { 279: [3, 3] },
    { 279: undefined },
  ];
  for (const changed of tags) {
    await assertFails(tiff(), tiffFile([image], { tags: changed }), "Corrupt");
  }
});

Deno.test("packed blocks that are damaged, short or far too long are Corrupt", async () => {
  for (const compression of [5, 8, 32_773]) {
    for (const size of [0, 5, 1e6]) {
      const bytes = tiffFile([ramp(4, 4)], { compression, tags: { 279: [size, size] } });
      await assertFails(tiff(), bytes, "Corrupt", /block/);
    }
  }
  const zeros: Image = {
    data: new Uint8Array(9000),
    width: 3000,
    height: 3,
    channels: 1,
    dtype: "uint8",
  };
  for (const compression of [5, 8, 32_773]) {
    const longer = tiffFile([zeros], { compression, tags: { 256: [3001] } });
    await assertFails(tiff(), longer, "Corrupt", /damaged/);
  }
  await assertFails(
    tiff(),
    tiffFile([zeros], { compression: 8, tags: { 256: [2] } }),
    "Corrupt",
    /damaged/,
  );
});
