import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FileToDecode } from "../../core/file_store.ts";
import { type Image, IMAGE_DTYPES } from "../../formats/images/image.ts";
import { readPages, readRegion, tiff } from "../../formats/tiff.ts";
import {
  anyImage,
  assertFails,
  assertRefuses,
  assertSameImage,
  encoded,
  fileOf,
} from "./image_files.ts";
import { packLzw, tiffFile, type TiffLayout } from "./tiff_files.ts";
import { refused } from "../support/refused.ts";
import { casesOfRun, slowTest } from "../support/seeds.ts";

const DTYPES = IMAGE_DTYPES;

/** Checks that a page with these tags fails with this code. */
async function assertTagsFail(
  code: "Corrupt" | "Unsupported",
  tags: NonNullable<TiffLayout["tags"]>,
  says?: RegExp,
  image = ramp(4, 4),
): Promise<void> {
  await assertFails(tiff(), tiffFile([image as Image], { tags }), code, says);
}

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

/** Images without NaN, whose bits the writer of these tests does not keep. */
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

Deno.test("images of any dtype and number of channels are read back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(DTYPES, [1, 2, 3, 4, 9]), async (image) => {
      assert(tiff().accepts(image));
      assertSameImage(await tiff().decode(fileOf(await encoded(tiff(), image))), image);
    }),
  );
});

Deno.test("a large image has many strips and is read back exactly", async () => {
  const image = ramp(600, 301, 3);
  const content = await tiff().encode(image);
  assert("stream" in content && typeof content.size === "number");
  const bytes = await encoded(tiff(), image);
  assertEquals(bytes.byteLength, content.size);
  assertSameImage(await tiff().decode(fileOf(bytes)), image);
});

slowTest("files and regions of every layout are read exactly", async () => {
  const places = fc.array(fc.nat({ max: 8 }), { minLength: 4, maxLength: 4 });
  const reading = fc.asyncProperty(plainImage, anyLayout, places, async (image, layout, places) => {
    const file = fileOf(tiffFile([image], layout));
    assertSameImage(await tiff().decode(file), image);
    const { channels, dtype } = image;
    const [x, y] = [places[0] % image.width, places[1] % image.height];
    const [width, height] = [1 + places[2] % (image.width - x), 1 + places[3] % (image.height - y)];
    const data = image.data.slice(0, width * height * channels).map((_, i) => {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      const [row, column] = [y + Math.floor(pixel / width), x + pixel % width];
      return image.data[(row * image.width + column) * channels + channel];
    });
    const expected = { data, width, height, channels, dtype } as Image;
    assertSameImage(await readRegion(file, { x, y, width, height }), expected);
  });
  await fc.assert(reading, { numRuns: casesOfRun(300) });
});

Deno.test("LZW is decoded with all code widths and a full table", async () => {
  const data = new Uint8Array(60_000).map((_, i) => (i * i >> 5) % 251 ^ i % 7);
  const image: Image = { data, width: 200, height: 300, channels: 1, dtype: "uint8" };
  const file = tiffFile([image], { compression: 5, tile: [200, 300] });
  assert(packLzw(data).length > 4096 * 2);
  assertSameImage(await tiff().decode(fileOf(file)), image);
});

slowTest("a region reads the header, its tiles or rows, and little else", async () => {
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
    const corners = [image.data[200 * 512 + 100], image.data[209 * 512 + 119]];
    assertEquals([region.data[0], region.data[199]], corners);
    assert(file.read <= pixels + 4 * 16_384, `read ${file.read} of ${file.size} bytes`);
    assert(file.reads <= 8, `asked ${file.reads} times`);
  }
  const own = fileOf(await encoded(tiff(), image));
  await readRegion(own, area);
  assert(own.read <= 10 * 512 * 2 + 16_384, `read ${own.read} of ${own.size} bytes`);
});

Deno.test("bytes of the file are not changed, whatever the alignment of samples", async () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const image: Image = { data, width: 2, height: 2, channels: 1, dtype: "float32" };
  for (const gap of [0, 1, 2, 3]) {
    for (const littleEndian of [true, false]) {
      const bytes = tiffFile([image], { gap, littleEndian });
      const file = { ...fileOf(bytes), stream: streamOf(bytes) };
      assertSameImage(await tiff().decode(file), image);
      assertSameImage(await tiff().decode(file), image);
    }
  }
});

/** Streams the bytes themselves, as a store in memory may. */
function streamOf(bytes: Uint8Array): FileToDecode["stream"] {
  return ({ offset, length } = { offset: 0 }) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(offset, offset + (length ?? bytes.length)));
        controller.close();
      },
    });
}

Deno.test("a region outside of the page is Invalid, an unknown page NotFound", async () => {
  const file = fileOf(tiffFile([ramp(5, 4)]));
  const outside = [[0, 0, 6, 1], [5, 0, 1, 1], [0, 4, 1, 1], [-1, 0, 1, 1], [0, 0, 0, 1]];
  for (const [x, y, width, height] of [...outside, [0.5, 0, 1, 1], [NaN, 0, 1, 1]]) {
    await refused("Invalid", () => readRegion(file, { x, y, width, height }));
  }
  const area = { x: 0, y: 0, width: 1, height: 1, page: 1 };
  await refused("NotFound", () => readRegion(file, area));
});

Deno.test("one of several pages must be selected", async () => {
  const pages = [ramp(2, 2), { ...ramp(3, 1, 3) }];
  const bytes = tiffFile(pages);
  await assertFails(tiff(), bytes, "Unsupported", /several pages/);
  assertSameImage(await tiff({ page: 0 }).decode(fileOf(bytes)), pages[0]);
  assertSameImage(await tiff({ page: 1 }).decode(fileOf(bytes)), pages[1]);
  const area = { x: 2, y: 0, width: 1, height: 1, page: 1 };
  assertEquals([...(await readRegion(fileOf(bytes), area)).data], [18, 21, 24]);
  assertEquals(await readPages(fileOf(bytes)), [
    { width: 2, height: 2, channels: 1, dtype: "uint16", isDerived: false },
    { width: 3, height: 1, channels: 3, dtype: "uint16", isDerived: false },
  ]);
});

Deno.test("a palette is expanded, to 8 bits if these suffice", async () => {
  const data = Uint8Array.of(0, 1, 255, 2);
  const image: Image = { data, width: 2, height: 2, channels: 1, dtype: "uint8" };
  const planes = [1, 2, 3].map((plane) => Array.from({ length: 256 }, (_, i) => (i * plane) % 256));
  for (const [factor, dtype] of [[256, "uint8"], [257, "uint8"], [255, "uint16"]] as const) {
    const colors = planes.flat().map((value) => value * factor);
    const bytes = tiffFile([image], { compression: 5, tags: { 262: [3], 320: colors } });
    const scale = dtype === "uint8" ? 1 : factor;
    const expected = [...image.data].flatMap((index) =>
      planes.map((plane) => plane[index as number] * scale)
    );
    const found = await tiff().decode(fileOf(bytes));
    assertEquals([found.dtype, found.channels], [dtype, 3]);
    assertEquals([...found.data as Uint8Array], expected);
    const region = await readRegion(fileOf(bytes), { x: 0, y: 1, width: 1, height: 1 });
    assertEquals([...region.data], expected.slice(6, 9));
    const page = { width: 2, height: 2, channels: 3, dtype, isDerived: false };
    assertEquals(await readPages(fileOf(bytes)), [page]);
  }
  const wide = Array(768).fill(65_536);
  await assertFails(tiff(), tiffFile([image], { tags: { 262: [3] } }), "Corrupt", /has 0 values/);
  await assertFails(tiff(), tiffFile([image], { tags: { 262: [3], 320: wide } }), "Corrupt");
  await assertTagsFail("Unsupported", { 262: [3] }, /palette/);
});

Deno.test("reduced copies and masks do not count as pages", async () => {
  for (const subfile of [1, 4]) {
    const bytes = tiffFile([ramp(4, 4)], { tags: { 254: [subfile] } });
    await assertFails(tiff(), bytes, "Corrupt", /no pages/);
    assertEquals((await readPages(fileOf(bytes)))[0].isDerived, true);
  }
});

Deno.test("images that TIFF cannot hold are refused", async () => {
  const image = ramp(2, 2);
  await assertRefuses(tiff(), [{ ...image, dtype: "float16" }, { ...image, width: 3 }, "image"]);
});

Deno.test("other layouts are Unsupported", async () => {
  const tags: Record<number, number[]>[] = [
    ...[{ 258: [12] }, { 258: [4] }, { 339: [3] }, { 339: [5] }, { 259: [7] }, { 262: [0] }],
    ...[{ 262: [3] }, { 266: [2] }, { 284: [3] }, { 317: [3] }],
  ];
  for (const changed of tags) await assertTagsFail("Unsupported", changed);
  await assertTagsFail("Unsupported", { 258: [16, 8] }, /16, 8 bits/, ramp(2, 2, 2));
});

Deno.test("huge images, channels and blocks are refused before allocation", async () => {
  await assertTagsFail("Unsupported", { 256: [100_000], 257: [100_000] }, /100000 x 100000 pixels/);
  await assertFails(tiff({ maxPixels: 3 }), tiffFile([ramp(2, 2)]), "Unsupported");
  const [bits, formats] = [16, 1].map((value) => Array<number>(60_000).fill(value));
  const many = { 277: [60_000], 258: bits, 339: formats, 256: [20_000] };
  await assertTagsFail("Unsupported", many, /60000 channels/);
  const tile = { 322: [100_000], 323: [100_000] };
  const packed = tiffFile([ramp(2, 2)], { tile: [4, 4], compression: 8, tags: tile });
  await assertFails(tiff(), packed, "Unsupported");
  const file = fileOf(tiffFile([ramp(20, 20)]));
  const part = await readRegion(file, { x: 1, y: 1, width: 2, height: 2, maxPixels: 4 });
  assertEquals(part.data.length, 4);
  const larger = { x: 0, y: 0, width: 5, height: 1, maxPixels: 4 };
  await refused("Unsupported", () => readRegion(file, larger));
});

Deno.test("truncated, cyclic and contradictory files are Corrupt", async () => {
  const image = ramp(4, 4);
  const bytes = tiffFile([image]);
  const circle = tiffFile([image, image]);
  circle.copyWithin(circle.length - 4, 4, 8); // the last page links to the first one
  await assertFails(tiff({ page: 2 }), circle, "Corrupt", /cycle/);
  await assertFails(tiff(), bytes.subarray(0, bytes.length - 1), "Corrupt", /truncated/);
  await assertFails(tiff(), Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0), "Corrupt", /no pages/);
  await assertFails(tiff(), new Uint8Array(0), "Corrupt", /not a TIFF/);
  const tags: Record<number, number[] | undefined>[] = [
    ...[{ 256: [0] }, { 256: undefined }, { 277: [0] }, { 277: [2] }, { 278: [0] }, { 273: [8] }],
    ...[{ 273: [8, 1e9] }, { 279: [3, 3] }, { 279: undefined }],
  ];
  for (const changed of tags) await assertTagsFail("Corrupt", changed);
});

Deno.test("packed blocks that are damaged, too short or too long are Corrupt", async () => {
  for (const compression of [5, 8, 32_773]) {
    for (const size of [0, 5, 1e6]) {
      const bytes = tiffFile([ramp(4, 4)], { compression, tags: { 279: [size, size] } });
      await assertFails(tiff(), bytes, "Corrupt", /block/);
    }
  }
  const data = new Uint8Array(9000);
  const zeros: Image = { data, width: 3000, height: 3, channels: 1, dtype: "uint8" };
  for (const compression of [5, 8, 32_773]) {
    const longer = tiffFile([zeros], { compression, tags: { 256: [3001] } });
    await assertFails(tiff(), longer, "Corrupt", /damaged/);
  }
  const shorter = tiffFile([zeros], { compression: 8, tags: { 256: [2] } });
  await assertFails(tiff(), shorter, "Corrupt", /damaged/);
});

Deno.test("a page with several planes is refused unless the page is chosen", async () => {
  const text = (words: string) => [...new TextEncoder().encode(words)];
  const stacks: NonNullable<TiffLayout["tags"]>[] = [
    { 270: text("ImageJ=1.53\nimages=5\nslices=5\n\0") },
    { 270: text('{"shape": [5, 4, 4], "truncated": true}\0') },
    { 32_997: [5] },
    { 33_629: [1, 2, 3, 4, 5] },
  ];
  for (const tags of stacks) {
    await assertTagsFail("Unsupported", tags, /several planes/);
    const bytes = tiffFile([ramp(4, 4)], { tags });
    assertSameImage(await tiff({ page: 0 }).decode(fileOf(bytes)), ramp(4, 4));
  }
  for (const words of ["ImageJ=1.53\nimages=1\n\0", "ImageJ=1.53\nunit=um\n\0", "images=5\0"]) {
    const bytes = tiffFile([ramp(4, 4)], { tags: { 270: text(words), 32_997: [1] } });
    assertSameImage(await tiff().decode(fileOf(bytes)), ramp(4, 4));
  }
});

/** Renames tags of a file with one page and the lowest byte first. */
function retagged(bytes: Uint8Array, tags: Record<number, number>): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const at = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(at, true); i++) {
    const entry = at + 2 + i * 12, tag = view.getUint16(entry, true);
    view.setUint16(entry, tags[tag] ?? tag, true);
  }
  return copy;
}

Deno.test("a page that is followed by the planes of its described shape is refused", async () => {
  const text = (words: string) => [...new TextEncoder().encode(words)];
  const long = `, "note": "${"x".repeat(5000)}", "truncated": true}`;
  const planes = new Uint8Array(4 * 16);
  for (const words of [`{"shape": [5, 4, 4]${long}`, "shape=(5, 4, 4)"]) {
    const one = tiffFile([ramp(4, 4)], { tags: { 270: text(words) } });
    const whole = new Uint8Array([...one, ...planes]);
    await assertFails(tiff(), whole, "Unsupported", /several planes/);
    const second = { tags: { 270: text("words of the user"), 65_000: text(words) } };
    const both = retagged(tiffFile([ramp(4, 4)], second), { 65_000: 270 });
    await assertFails(
      tiff(),
      new Uint8Array([...both, ...planes]),
      "Unsupported",
      /several planes/,
    );
  }
  for (const words of ['{"shape": [4, 4]}', '{"shape": [1, 4, 4, 1]}', '{"shape": [3, 7]}']) {
    const one = tiffFile([ramp(4, 4)], { tags: { 270: text(words) } });
    assertSameImage(await tiff().decode(fileOf(new Uint8Array([...one, ...planes]))), ramp(4, 4));
  }
  const cropped = tiffFile([ramp(4, 4)], { tags: { 270: text('{"shape": [500, 4, 4]}') } });
  assertSameImage(await tiff().decode(fileOf(cropped)), ramp(4, 4));
});

Deno.test("files of old libtiff are read, or refused with the reason", async () => {
  for (const planar of [false, true]) {
    const image = ramp(40, 21, 3);
    const bytes = tiffFile([image], { tile: [16, 16], planar });
    const old = retagged(bytes, { 324: 273, 325: 279 });
    assertSameImage(await tiff().decode(fileOf(old)), image);
    const area = { x: 17, y: 5, width: 9, height: 12 };
    assertEquals(await readRegion(fileOf(old), area), await readRegion(fileOf(bytes), area));
  }
  const zeros: Image = { ...ramp(4, 4), dtype: "uint8", data: new Uint8Array(16) };
  const packed = tiffFile([zeros], { compression: 5 });
  const view = new DataView(packed.buffer);
  const at = view.getUint32(4, true);
  const places = Array.from({ length: view.getUint16(at, true) }, (_, i) => at + 2 + i * 12)
    .filter((entry) => view.getUint16(entry, true) === 273);
  const strips = view.getUint32(places[0]! + 8, true); // the offsets of two strips
  packed.set([0x00, 0x01], view.getUint32(strips, true)); // the code that clears, lowest bits first
  await assertFails(tiff(), packed, "Unsupported", /libtiff before 5.0/);
});
