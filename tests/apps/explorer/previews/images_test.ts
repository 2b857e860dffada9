import { assert, assertEquals } from "@std/assert";
import { imageSizeOf } from "../../../../apps/explorer/previews/images/image_size.ts";
import { readImage } from "../../../../apps/explorer/previews/images/image_view.ts";
import { contentBytes } from "../../../../formats/content/content.ts";
import { bmp } from "../../../../formats/bmp.ts";
import { gif } from "../../../../formats/gif.ts";
import { jpeg } from "../../../../formats/jpeg.ts";
import { png } from "../../../../formats/png.ts";
import { webp } from "../../../../formats/webp.ts";
import type { Image } from "../../../../formats/images/image.ts";
import { fakeFile } from "../support/fake_file.ts";

const image: Image = {
  data: new Uint8Array(37 * 23 * 3).fill(90),
  width: 37,
  height: 23,
  channels: 3,
  dtype: "uint8",
};

Deno.test("the size of an image is found in its first bytes", async () => {
  const formats = [png(), bmp(), gif(), jpeg({ lossy: true }), webp(), webp({ lossy: true })];
  for (const format of formats) {
    const bytes = await contentBytes(await format.encode(image));
    assertEquals(imageSizeOf(bytes), { width: 37, height: 23 }, format.id);
    for (let length = 0; length < 64; length++) imageSizeOf(bytes.subarray(0, length)); // never throws
  }
  assertEquals(imageSizeOf(new TextEncoder().encode("<html>")), undefined);
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
