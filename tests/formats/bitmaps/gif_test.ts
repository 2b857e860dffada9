import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { Image } from "../../../formats/images/image.ts";
import { gif, readFrames } from "../../../formats/gif.ts";
import { fromBase64 } from "../archive/archive_files.ts";
import { assertFails, assertSameImage, encoded, fileOf } from "../image_files.ts";

/** Three frames by Pillow, with each disposal: the first is left, cleared, or taken back to what was there. */
const LEFT = fromBase64(`
  R0lGODlhBgAEAIEAAAAAAADICgAAAAAAACH5BAUKAAAALAAAAAAGAAQAAAgPAAMIBEBQYACCCBMqBBAQACH5BAUKAAAALAAAAAAEAAMAgQAAACjICgAA
  AAAAAAgMAAEIFBigIICCAQICACH5BAUKAAAALAEAAQAEAAMAgQAAAFDICgAAAAAAAAgMAAEIFBigIICCAQICADs=`);
const CLEARED = fromBase64(`
  R0lGODlhBgAEAIEAAAAAAADICgAAAAAAACH5BAkKAAAALAAAAAAGAAQAAAgPAAMIBEBQYACCCBMqBBAQACH5BAkKAAAALAAAAAAGAAQAgQAAACjICgAA
  AAAAAAgPAAEIHAgggMGBBgMQJBgQACH5BAkKAAAALAAAAAAGAAQAgQAAAFDICgAAAAAAAAgPAAEIHEiQYICDAw8GABAQADs=`);
const TAKEN_BACK = fromBase64(`
  R0lGODlhBgAEAIEAAAAAAADICgAAAAAAACH5BA0KAAAALAAAAAAGAAQAAAgPAAMIBEBQYACCCBMqBBAQACH5BA0KAAAALAAAAAAEAAMAgQAAACjICgAA
  AAAAAAgMAAEIFBigIICCAQICACH5BA0KAAAALAEAAQAEAAMAgQAAAFDICgAAAAAAAAgMAAEIFBigIICCAQICADs=`);
/** Grays from 0 to 228 in steps of 3, 7 x 11 pixels, interlaced, by Pillow. */
const INTERLACED = concatBytes([
  fromBase64("R0lGODdhBwALAIYAAA=="),
  Uint8Array.from({ length: 384 }, (_, i) => i < 231 ? Math.floor(i / 3) * 3 : 0),
  fromBase64(`
    LAAAAAAHAAsAAAhZAAEEEDCAQAEDBxAkULCAQQMHDyBEkDCBQgULFzBk0LCBQwcPH0CEEDGCRAkTJ1CkULGCRQsXL2DEkDGDRg0bN3Dk0LGDRw8fP4AE
    ETKESBEjR5AkUbKESQAAOw==`),
]);
/** Three colors in a table of four, 5 x 3 pixels, by Pillow. */
const INDEXED = fromBase64("R0lGODdhBQADAIEAAAECAygyPP/+/QAAACwAAAAABQADAAAIDAABBBAgkODAggUDAgA7");

/** An image of few colors, so that a GIF file can hold it: gray, RGB, or RGB and alpha. */
const images: fc.Arbitrary<Image> = fc.tuple(
  fc.constantFrom(1, 3, 4),
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 40 }),
  fc.uint8Array({ minLength: 1, maxLength: 200 }),
).map(([channels, width, height, seeds]) => {
  const pixel = (i: number) => {
    const value = seeds[i * i % seeds.length];
    if (channels === 1) return [value];
    return channels === 4 && value % 7 === 0
      ? [0, 0, 0, 0]
      : [value, 255 - value, 9, 255].slice(0, channels);
  };
  const data = Uint8Array.from(Array.from({ length: width * height }, (_, i) => pixel(i)).flat());
  return { data, width, height, channels, dtype: "uint8" };
});

/** The red of each pixel in steps of 40, and a point where nothing is, row by row. */
async function pictures(bytes: Uint8Array): Promise<string[]> {
  const frames = await Array.fromAsync(readFrames(fileOf(bytes)));
  return frames.map(({ image: { data, width, height, channels } }) => {
    assertEquals(channels, 4);
    const pixel = (at: number) => data[at * 4 + 3] === 0 ? "." : `${data[at * 4] / 40}`;
    const row = (y: number) =>
      Array.from({ length: width }, (_, x) => pixel(y * width + x)).join("");
    return Array.from({ length: height }, (_, y) => row(y)).join(" ");
  });
}

Deno.test("gif: gray, few colors, and few with transparent pixels come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(images, async (image) => {
      assert(gif().accepts(image));
      assertSameImage(await gif().decode(fileOf(await encoded(gif(), image))), image);
    }),
  );
});

Deno.test("gif: images of more pixels than there are codes, and of one color, come back", async () => {
  for (const colors of [1, 2, 5, 255]) {
    const data = Uint8Array.from(
      { length: 90_000 },
      (_, i) => Math.floor(i * i / 7 + i / 300) % colors,
    );
    const image: Image = { data, width: 300, height: 300, channels: 1, dtype: "uint8" };
    assertSameImage(await gif().decode(fileOf(await encoded(gif(), image))), image);
  }
});

Deno.test("gif: an RGB image of all grays stays RGB", async () => {
  const data = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const image: Image = { data, width: 256, height: 1, channels: 3, dtype: "uint8" };
  assertSameImage(await gif().decode(fileOf(await encoded(gif(), image))), image);
});

Deno.test("gif: what is written is what Pillow has read as the same pixels", async () => {
  const data = Uint8Array.of(1, 2, 3, 255, 0, 0, 0, 0, 9, 8, 7, 255);
  const image: Image = { data, width: 3, height: 1, channels: 4, dtype: "uint8" };
  const bytes = fromBase64("R0lGODlhAwABAPEAAAkIBwECAwAAAAAAACH5BAEAAAIALAAAAAADAAEAAAICjFAAOw==");
  assertEquals(await encoded(gif(), image), bytes);
});

Deno.test("gif: what it cannot hold exactly is refused, not rounded", () => {
  const image = (data: number[], channels: number) => (
    {
      data: Uint8Array.from(data),
      width: data.length / channels,
      height: 1,
      channels,
      dtype: "uint8",
    }
  );
  const many = Array.from({ length: 257 }, (_, i) => [i & 255, i >> 8, 0]).flat();
  const full = Array.from({ length: 256 }, (_, i) => [i, 0, 0, 255]).flat();
  const values: [unknown, RegExp][] = [
    [image(many, 3), /more than 256 colors/],
    [image(full, 4), /more than 255 colors/],
    [image([1, 2, 3, 128], 4), /half transparent/],
    [image([1, 2, 3, 0], 4), /transparent pixels with a color/],
    [image([1, 2], 2), /2 channels/],
    [{ ...image([1], 1), data: new Uint16Array(1), dtype: "uint16" }, /uint16/],
    ["image", /not an image/],
  ];
  for (const [value, says] of values) {
    assertEquals(gif().accepts(value), false);
    const error = assertThrows(() => gif().encode(value as Image));
    assert(isRegistryError(error, "Unsupported") && says.test(error.message), `${error}`);
  }
});

Deno.test("gif: tables of colors are expanded, and interlaced rows put in order", async () => {
  const colors = [[1, 2, 3], [40, 50, 60], [255, 254, 253]];
  const image = await gif().decode(fileOf(INDEXED));
  assertEquals([image.width, image.height, image.channels], [5, 3, 3]);
  assertEquals([...image.data], Array.from({ length: 15 }, (_, i) => colors[i % 3]).flat());
  const rows = await gif().decode(fileOf(INTERLACED));
  assertEquals([rows.width, rows.height], [7, 11]);
  assertEquals(
    [...rows.data].filter((_, i) => i % 3 === 0),
    Array.from({ length: 77 }, (_, i) => i * 3),
  );
});

Deno.test("gif: frames are drawn over earlier ones, by their disposal method", async () => {
  assertEquals(await pictures(LEFT), [
    "000... 000... ...... ......",
    "000... 0111.. .111.. ......",
    "000... 0111.. .1222. ..222.",
  ]);
  const apart = [
    "000... 000... ...... ......",
    "...... .111.. .111.. ......",
    "...... ...... ..222. ..222.",
  ];
  assertEquals(await pictures(CLEARED), apart);
  assertEquals(await pictures(TAKEN_BACK), apart);
  const frames = await Array.fromAsync(readFrames(fileOf(LEFT)));
  assertEquals(frames.map(({ delay }) => delay), [100, 100, 100]);
});

Deno.test("gif: where nothing is drawn, and where a frame is cleared, there is alpha; else there is none", async () => {
  for (const [width, height] of [[6, 3], [5, 4]]) {
    const larger = INDEXED.slice();
    larger.set([width, 0, height, 0], 6);
    const { data, channels } = await gif().decode(fileOf(larger));
    assertEquals(channels, 4);
    assertEquals([...data.slice(0, 4)], [1, 2, 3, 255]);
    assertEquals([...data.slice(-4)], [0, 0, 0, 0]);
  }
  const control = (disposal: number) => Uint8Array.of(0x21, 0xf9, 4, disposal << 2, 7, 0, 0, 0);
  const [head, frame, end] = [INDEXED.slice(0, 25), INDEXED.slice(25, -1), INDEXED.slice(-1)];
  const corner = concatBytes([Uint8Array.of(0x2c, 4, 0, 2, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0)]); // one pixel of color 1
  for (const [disposal, channels] of [[0, 3], [1, 3], [2, 4], [3, 4]]) {
    const over = async (block: Uint8Array) =>
      await Array.fromAsync(
        readFrames(fileOf(concatBytes([head, control(disposal), frame, block, end]))),
      );
    const same = await over(frame);
    assertEquals(same.map(({ image, delay }) => [image.channels, delay]), [[3, 70], [3, 0]]);
    assertEquals([...same[1].image.data.slice(0, 3)], [1, 2, 3]);
    const pixel = await over(corner);
    assertEquals(pixel.map(({ image }) => image.channels), [channels, channels]);
    const below = channels === 3 ? [1, 2, 3] : [0, 0, 0, 0];
    assertEquals([...pixel[1].image.data.slice(0, channels)], below);
    assertEquals([...pixel[1].image.data.slice(-channels)], [40, 50, 60, 255].slice(0, channels));
  }
});

Deno.test("gif: one of several frames is to be named", async () => {
  await assertFails(gif(), LEFT, "Unsupported", /3 frames/);
  const frames = await Array.fromAsync(readFrames(fileOf(LEFT)));
  for (const [i, { image }] of frames.entries()) {
    assertSameImage(await gif({ frame: i }).decode(fileOf(LEFT)), image);
  }
  for (const frame of [3, -1, 0.5]) await assertFails(gif({ frame }), LEFT, "NotFound", /no frame/);
});

Deno.test("gif: an image that declares a huge size, or one above the limit, is refused before its pixels", async () => {
  const huge = INDEXED.slice();
  huge.set([255, 255, 255, 255], 6);
  await assertFails(gif(), huge, "Unsupported", /65535 x 65535 pixels/);
  await assertFails(gif({ maxPixels: 14 }), INDEXED, "Unsupported", /5 x 3 pixels/);
  huge.set([0, 40, 0, 40], 6);
  huge.set([0, 40, 0, 40], 30);
  await assertFails(gif(), huge, "Corrupt", /too little data/);
});

Deno.test("gif: bytes that are not GIF, are cut, or contain impossible values are Corrupt", async () => {
  const frame = 25; // where it begins
  const changed = (at: number, ...values: number[]) => {
    const copy = INDEXED.slice();
    copy.set(values, at);
    return copy;
  };
  const corrupt = [
    new Uint8Array(),
    INDEXED.slice(0, -1),
    INDEXED.slice(0, 30),
    INDEXED.slice(0, 10),
    changed(3, 0x37),
    changed(4, 0x38),
    changed(6, 0),
    changed(frame, 0x2d),
    changed(frame, 0x3b),
    changed(frame + 1, 1),
    changed(frame + 5, 0),
    changed(frame + 10, 1),
    changed(frame + 10, 9),
    changed(frame + 12, 0x34), // the first code stands for what is before it
    changed(frame + 12, 0xc4, 1), // a code that is not made yet
    changed(frame + 13, 0xff),
    changed(frame + 14, 0x05),
    concatBytes([
      INDEXED.slice(0, frame),
      Uint8Array.of(0x21, 0xf9, 3, 1, 2, 3, 0),
      INDEXED.slice(frame),
    ]),
    concatBytes([INDEXED.slice(0, 10), Uint8Array.of(0, 0, 0), INDEXED.slice(frame)]),
  ];
  for (const bytes of corrupt) await assertFails(gif(), bytes, "Corrupt");
});

Deno.test("gif: extensions beside the pixels are skipped", async () => {
  const comment = Uint8Array.of(0x21, 0xfe, 2, 65, 66, 1, 67, 0);
  const bytes = concatBytes([INDEXED.slice(0, 25), comment, INDEXED.slice(25)]);
  assertSameImage(await gif().decode(fileOf(bytes)), await gif().decode(fileOf(INDEXED)));
});
