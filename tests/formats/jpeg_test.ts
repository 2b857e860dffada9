import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Image } from "../../formats/images/image.ts";
import { jpeg } from "../../formats/jpeg.ts";
import { assertFails, assertRefuses, encoded, fileOf } from "./image_files.ts";

const lossy = jpeg({ lossy: true, quality: 95 });

/** Soft colors, which JPEG nearly keeps. */
function soft(width: number, height: number, channels: number): Image {
  const data = new Uint8Array(width * height * channels).map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    return 60 + channel * 40 + pixel % width * 2 + Math.floor(pixel / width);
  });
  return { data, width, height, channels, dtype: "uint8" };
}

/** Returns the offset of a marker. */
function placeOf(bytes: Uint8Array, marker: number): number {
  return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker);
}

Deno.test("gray and RGB are nearly kept, with all channels", async () => {
  for (const channels of [1, 3]) {
    const image = soft(33, 20, channels);
    assert(lossy.accepts(image));
    const read = await jpeg().decode(fileOf(await encoded(lossy, image)));
    assertEquals({ ...read, data: undefined }, { ...image, data: undefined } as unknown);
    assert(read.data.every((value, i) => Math.abs(value - image.data[i]) < 12));
  }
});

Deno.test("images that JPEG cannot hold, and lossy writing by default, are refused", async () => {
  await assertRefuses(jpeg(), [soft(2, 2, 3)]);
  await assertRefuses(lossy, [
    soft(2, 2, 2),
    soft(2, 2, 4),
    soft(65_501, 1, 1),
    { data: new Uint16Array(3), width: 1, height: 1, channels: 3, dtype: "uint16" },
  ]);
  for (const quality of [0, 101, NaN]) {
    assert(isRegistryError(assertThrows(() => jpeg({ quality })), "Invalid"));
  }
});

Deno.test("quality affects the size of written files", async () => {
  const image = soft(64, 64, 3);
  const [small, large] = await Promise.all(
    [10, 95].map((quality) => encoded(jpeg({ lossy: true, quality }), image)),
  );
  assert(small.length < large.length);
});

Deno.test("a huge image is refused before its pixels are decoded", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 3));
  await assertFails(jpeg({ maxPixels: 63 }), bytes, "Unsupported", /8 x 8 pixels/);
  const frame = placeOf(bytes, 0xc2);
  bytes.fill(0xff, frame + 5, frame + 9);
  await assertFails(jpeg(), bytes, "Unsupported", /65535 x 65535 pixels/);
});

Deno.test("a file too short for its declared pixels is Corrupt before allocation", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 3));
  const frame = placeOf(bytes, 0xc2);
  bytes.set([0x20, 0, 0x20, 0], frame + 5);
  await assertFails(jpeg(), bytes, "Corrupt", /cannot hold 8192 x 8192 pixels/);
});

Deno.test("frames of other kinds are Unsupported", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 3));
  const frame = placeOf(bytes, 0xc2);
  for (const [at, value] of [[1, 0xc3], [1, 0xc9], [4, 12], [9, 4], [9, 2]]) {
    const copy = bytes.slice();
    copy[frame + at] = value;
    await assertFails(jpeg(), copy, "Unsupported");
  }
});

Deno.test("a truncated file is Corrupt, trailing bytes are ignored", async () => {
  const bytes = await encoded(lossy, soft(20, 20, 3));
  for (let size = 0; size < bytes.length; size += 7) {
    await assertFails(jpeg(), bytes.subarray(0, size), "Corrupt");
  }
  await assertFails(jpeg(), bytes.subarray(0, bytes.length - 1), "Corrupt", /truncated/);
  const more = concatBytes([bytes, Uint8Array.of(1, 2, 3)]);
  assertEquals((await jpeg().decode(fileOf(more))).width, 20);
});

Deno.test("a file that the decoder guesses at is Corrupt", async () => {
  const bytes = await encoded(lossy, soft(64, 64, 1));
  const scan = placeOf(bytes, 0xda);
  const size = scan + 2 + bytes[scan + 2] * 256 + bytes[scan + 3];
  const END = Uint8Array.of(0xff, 0xd9);
  const gap = concatBytes([bytes.subarray(0, size + 2), END]);
  await assertFails(jpeg(), gap, "Corrupt", /damaged/);
  const empty = concatBytes([bytes.subarray(0, scan), END]);
  await assertFails(jpeg(), empty, "Corrupt", /no pixels/);
});

Deno.test("a scan with unused bytes is Corrupt", async () => {
  const bytes = await encoded(lossy, soft(64, 64, 3));
  const end = bytes.length - 2;
  const unused = new Uint8Array(40).fill(0x55);
  const longer = concatBytes([bytes.subarray(0, end), unused, bytes.subarray(end)]);
  await assertFails(jpeg(), longer, "Corrupt", /extraneous bytes/);
  const scan = placeOf(bytes, 0xda);
  const shorter = concatBytes([bytes.subarray(0, scan + 20), bytes.subarray(scan + 40)]);
  await assertFails(jpeg(), shorter, "Corrupt", /damaged/);
});

Deno.test("too many scans are Unsupported", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 1));
  const scan = bytes.subarray(placeOf(bytes, 0xda), bytes.length - 2);
  const many = concatBytes([
    bytes.subarray(0, bytes.length - 2),
    ...Array<Uint8Array>(100).fill(scan),
    Uint8Array.of(0xff, 0xd9),
  ]);
  await assertFails(jpeg(), many, "Unsupported", /100 scans/);
});

Deno.test("a damaged file does not affect others that are decoded at the same time", async () => {
  const bytes = await encoded(lossy, soft(16, 16, 3));
  const broken = bytes.slice();
  broken.fill(7, placeOf(bytes, 0xc4) + 4, placeOf(bytes, 0xc4) + 30);
  const files = [bytes, broken, bytes, broken, bytes].map((content) => fileOf(content));
  const outcomes = await Promise.allSettled(files.map(async (file) => await jpeg().decode(file)));
  const isRead = outcomes.map(({ status }) => status === "fulfilled");
  assertEquals(isRead, [true, false, true, false, true]);
});
