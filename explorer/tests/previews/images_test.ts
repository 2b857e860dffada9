import { assert, assertEquals } from "@std/assert";
import { imageSizeOf } from "../../src/previews/images/image_size.ts";
import { readImage } from "../../src/previews/images/image_view.ts";
import { contentBytes } from "../../../formats/content/content.ts";
import { jpeg } from "../../../formats/jpeg.ts";
import { png } from "../../../formats/png.ts";
import type { Image } from "../../../formats/images/image.ts";
import { fakeFile } from "../support/fake_file.ts";

const image: Image = {
  data: new Uint8Array(37 * 23 * 3).fill(90),
  width: 37,
  height: 23,
  channels: 3,
  dtype: "uint8",
};

Deno.test("the size of an image is found in its first bytes", async () => {
  const formats = [png(), jpeg({ lossy: true })];
  for (const format of formats) {
    const bytes = await contentBytes(await format.encode(image));
    assertEquals(imageSizeOf(bytes), { width: 37, height: 23 }, format.id);
    for (let length = 0; length < 64; length++) imageSizeOf(bytes.subarray(0, length)); // never throws
  }
  assertEquals(imageSizeOf(new TextEncoder().encode("<html>")), undefined);
});

const bytesOf = (mark: string, ...numbers: number[]) =>
  Uint8Array.of(...new TextEncoder().encode(mark), ...numbers);
const two = (number: number) => [number & 0xff, number >> 8];
const four = (number: number) => [...two(number & 0xffff), ...two(number >>> 16)];
const bmpFile = (header: number, size: number[]) =>
  bytesOf("BM", ...Array(12).fill(0), ...four(header), ...size, 1, 0, 24, 0);
/** A GIF with a comment, 4 colors, and one frame at 7, 5. */
const gifFile = (screen: number[], frame: number[]) => {
  const comment = [0x21, 0xfe, 2, 104, 105, 1, 33, 0];
  const head = [...screen.flatMap(two), 0x81, 0, 0, ...Array(12).fill(9), ...comment];
  return bytesOf("GIF89a", ...head, 0x2c, 7, 0, 5, 0, ...frame.flatMap(two), 0, 2, 1, 0, 0);
};

Deno.test("the size of a WebP is that of its canvas or its frame", () => {
  const webpFile = (type: string, ...numbers: number[]) =>
    bytesOf("RIFF....WEBP" + type + "....", ...numbers, ...Array(12).fill(0));
  const size = { width: 37, height: 23 };
  assertEquals(imageSizeOf(webpFile("VP8X", 0, 0, 0, 0, ...two(36), 0, ...two(22), 0)), size);
  assertEquals(imageSizeOf(webpFile("VP8L", 0x2f, ...four(36 | 22 << 14))), size);
  assertEquals(imageSizeOf(webpFile("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, ...two(37), ...two(23))), size);
});

Deno.test("the size of a GIF is that of its screen or first frame, of a BMP that of its header", () => {
  assertEquals(imageSizeOf(gifFile([37, 23], [3, 2])), { width: 37, height: 23 });
  assertEquals(imageSizeOf(gifFile([1, 1], [65_000, 300])), { width: 65_007, height: 305 });
  assertEquals(imageSizeOf(gifFile([1, 1], [2, 2]).subarray(0, 40)), undefined);
  assertEquals(imageSizeOf(bmpFile(40, [...four(37), ...four(-23)])), { width: 37, height: 23 });
  assertEquals(imageSizeOf(bmpFile(40, [...four(-30_000), ...four(30_000)])), undefined);
  const old = bmpFile(12, [...two(30_000), ...two(40_000)]);
  assertEquals(imageSizeOf(old), { width: 30_000, height: 40_000 });
});

Deno.test("pictures of few bytes that would take gigabytes are not decoded", async () => {
  const large = [
    gifFile([1, 1], [65_000, 65_000]),
    bmpFile(12, [...two(30_000), ...two(30_000)]),
  ];
  for (const bytes of large) {
    const found = await readImage(fakeFile("a.gif", bytes));
    assert("problem" in found && found.problem.includes("pixels"), JSON.stringify(found));
  }
  const small = await readImage(fakeFile("a.bin", gifFile([37, 23], [3, 2])));
  assert("blob" in small && small.blob.type === "image/gif");
});

Deno.test("an image that declares too many pixels, or has too many bytes, is not decoded", async () => {
  const bytes = await contentBytes(await png().encode(image));
  const wide = bytes.slice();
  new DataView(wide.buffer).setUint32(16, 100_000_000);
  assert("problem" in await readImage(fakeFile("wide.png", wide)));
  const size = 2 ** 31;
  const long = fakeFile("long.png", { size, byteAt: (at) => bytes[at] ?? 0 });
  assert("problem" in await readImage(long));
  assert(long.bytesRead() <= 256 * 1024);
});

Deno.test("the bytes decide the type of an image, not its name or stored type", async () => {
  const html = new TextEncoder().encode("<script>alert(1)</script>");
  assert("problem" in await readImage(fakeFile("a.png", html, { mediaType: "image/png" })));
  const bytes = await contentBytes(await png().encode(image));
  const found = await readImage(fakeFile("a.svg", bytes, { mediaType: "image/svg+xml" }));
  assert("blob" in found && found.blob.type === "image/png");
});
