import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Image } from "../../formats/images/image.ts";
import { jpeg } from "../../formats/jpeg.ts";
import { assertFails, encoded, fileOf } from "./image_files.ts";
import { refused } from "../support/refused.ts";

const lossy = jpeg({ lossy: true, quality: 95 });

/** Soft colours, which JPEG keeps nearly. */
function soft(width: number, height: number, channels: number): Image {
  const data = new Uint8Array(width * height * channels).map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    return 60 + channel * 40 + pixel % width * 2 + Math.floor(pixel / width);
  });
  return { data, width, height, channels, dtype: "uint8" };
}

/** The offset of the marker with this number. */
function placeOf(bytes: Uint8Array, marker: number): number {
  return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === marker);
}

Deno.test("grey and RGB come back nearly, with as many channels", async () => {
  for (const channels of [1, 3]) {
    const image = soft(33, 20, channels);
    assert(lossy.accepts(image));
    const read = await jpeg().decode(fileOf(await encoded(lossy, image)));
    assertEquals({ ...read, data: undefined }, { ...image, data: undefined } as unknown);
    assert(read.data.every((value, i) => Math.abs(value - image.data[i]) < 12));
  }
});

Deno.test("nothing is written without the word that pixels change", async () => {
  assertEquals(jpeg().accepts(soft(2, 2, 3)), false);
  await refused("Unsupported", async () => await jpeg().encode(soft(2, 2, 3)));
});

Deno.test("what JPEG cannot hold is refused, not cast, and so is a quality that is none", async () => {
  const images: Image[] = [
    soft(2, 2, 2),
    soft(2, 2, 4),
    soft(65_501, 1, 1),
    { data: new Uint16Array(3), width: 1, height: 1, channels: 3, dtype: "uint16" },
  ];
  for (const image of images) {
    assertEquals(lossy.accepts(image), false);
    assert(
      isRegistryError(await assertRejects(async () => await lossy.encode(image)), "Unsupported"),
    );
  }
  for (const quality of [0, 101, NaN]) {
    assert(isRegistryError(assertThrows(() => jpeg({ quality })), "Invalid"));
  }
});

Deno.test("the quality is of what is written", async () => {
  const image = soft(64, 64, 3);
  const [small, large] = await Promise.all(
    [10, 95].map((quality) => encoded(jpeg({ lossy: true, quality }), image)),
  );
  assert(small.length < large.length);
});

Deno.test("an image that says it is huge is refused before its pixels", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 3));
  await assertFails(jpeg({ maxPixels: 63 }), bytes, "Unsupported", /8 x 8 pixels/);
  const frame = placeOf(bytes, 0xc2);
  bytes.fill(0xff, frame + 5, frame + 9);
  await assertFails(jpeg(), bytes, "Unsupported", /65535 x 65535 pixels/);
});

Deno.test("a file that is too short for the pixels that it says it has is Corrupt before memory is taken", async () => {
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

Deno.test("a file without its end is Corrupt, wherever it ends, and one with more behind it is read", async () => {
  const bytes = await encoded(lossy, soft(20, 20, 3));
  for (let size = 0; size < bytes.length; size += 7) {
    await assertFails(jpeg(), bytes.subarray(0, size), "Corrupt");
  }
  await assertFails(jpeg(), bytes.subarray(0, bytes.length - 1), "Corrupt", /cut off/);
  const more = concatBytes([bytes, Uint8Array.of(1, 2, 3)]);
  assertEquals((await jpeg().decode(fileOf(more))).width, 20);
});

Deno.test("what the decoder has to guess at is Corrupt, not filled with grey", async () => {
  const bytes = await encoded(lossy, soft(64, 64, 1));
  const scan = placeOf(bytes, 0xda);
  const size = scan + 2 + bytes[scan + 2] * 256 + bytes[scan + 3];
  const gap = concatBytes([bytes.subarray(0, size + 2), Uint8Array.of(0xff, 0xd9)]);
  await assertFails(jpeg(), gap, "Corrupt", /damaged/);
  await assertFails(
    jpeg(),
    concatBytes([bytes.subarray(0, scan), Uint8Array.of(0xff, 0xd9)]),
    "Corrupt",
    /no pixels/,
  );
});

Deno.test("a scan with bytes that its pixels do not use is Corrupt", async () => {
  const bytes = await encoded(lossy, soft(64, 64, 3));
  const end = bytes.length - 2;
  const longer = concatBytes([
    bytes.subarray(0, end),
    new Uint8Array(40).fill(0x55),
    bytes.subarray(end),
  ]);
  await assertFails(jpeg(), longer, "Corrupt", /extraneous bytes/);
  const scan = placeOf(bytes, 0xda);
  const shorter = concatBytes([bytes.subarray(0, scan + 20), bytes.subarray(scan + 40)]);
  await assertFails(jpeg(), shorter, "Corrupt", /damaged/);
});

Deno.test("a scan too many is Unsupported: each costs a look at all pixels", async () => {
  const bytes = await encoded(lossy, soft(8, 8, 1));
  const scan = bytes.subarray(placeOf(bytes, 0xda), bytes.length - 2);
  const many = concatBytes([
    bytes.subarray(0, bytes.length - 2),
    ...Array<Uint8Array>(100).fill(scan),
    Uint8Array.of(0xff, 0xd9),
  ]);
  await assertFails(jpeg(), many, "Unsupported", /100 scans/);
});

Deno.test("one file that is damaged does not spoil the next, nor do several at once", async () => {
  const bytes = await encoded(lossy, soft(16, 16, 3));
  const broken = bytes.slice();
  broken.fill(7, placeOf(bytes, 0xc4) + 4, placeOf(bytes, 0xc4) + 30);
  const outcomes = await Promise.allSettled(
    [bytes, broken, bytes, broken, bytes].map(async (content) => {
      return await jpeg().decode(fileOf(content));
    }),
  );
  assertEquals(outcomes.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
});
