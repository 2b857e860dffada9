import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Image } from "../../formats/images/image.ts";
import { webp } from "../../formats/webp.ts";
import {
  anyImage,
  assertFails,
  assertRefuses,
  assertSameImage,
  encoded,
  fileOf,
} from "./image_files.ts";

const lossy = webp({ lossy: true });

function soft(width: number, height: number, channels: number): Image {
  const data = new Uint8Array(width * height * channels);
  data.forEach((_, i) => data[i] = 90 + i % channels * 20 + Math.floor(i / 400));
  return { data, width, height, channels, dtype: "uint8" };
}

/** Makes a file of chunks. */
function file(...chunks: [type: string, content: number[]][]): Uint8Array {
  const parts = chunks.map(([type, content]) => {
    const padding = Array(content.length % 2).fill(0);
    return Uint8Array.of(...letters(type), ...word(content.length), ...content, ...padding);
  });
  const body = concatBytes([Uint8Array.from(letters("WEBP")), ...parts]);
  return Uint8Array.of(...letters("RIFF"), ...word(body.length), ...body);
}

const letters = (text: string) => [...new TextEncoder().encode(text)];
const word = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];

Deno.test("RGB and alpha are read back exactly, even colors of transparent pixels", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(["uint8"], [3, 4]), async (image) => {
      assert(webp().accepts(image));
      assertSameImage(await webp().decode(fileOf(await encoded(webp(), image))), image);
    }),
  );
});

Deno.test("opaque alpha is kept, but lossy files cannot store it", async () => {
  const data = new Uint8Array(16).fill(255);
  const image: Image = { data, width: 2, height: 2, channels: 4, dtype: "uint8" };
  assertSameImage(await webp().decode(fileOf(await encoded(webp(), image))), image);
  await assertRefuses(lossy, [image]);
});

Deno.test("lossy files are nearly kept, with all channels, smaller with lower quality", async () => {
  for (const channels of [3, 4]) {
    const image = soft(40, 30, channels);
    assert(lossy.accepts(image));
    const bytes = await encoded(lossy, image);
    const read = await webp().decode(fileOf(bytes));
    assertEquals({ ...read, data: undefined }, { ...image, data: undefined } as unknown);
    assert(read.data.every((value, i) => Math.abs(value - image.data[i]) < 16));
    assert(read.data.some((value, i) => value !== image.data[i]));
    assert((await encoded(webp({ lossy: true, quality: 5 }), image)).length < bytes.length);
  }
});

Deno.test("images that WebP cannot hold, and invalid qualities, are refused", async () => {
  const data = new Uint16Array(3);
  const wide = { data, width: 1, height: 1, channels: 3, dtype: "uint16" };
  await assertRefuses(webp(), [soft(2, 2, 1), soft(2, 2, 2), soft(16_384, 1, 3), wide]);
  for (const quality of [0, 101, NaN]) {
    assert(isRegistryError(assertThrows(() => webp({ quality })), "Invalid"));
  }
});

Deno.test("a huge image is refused before its pixels are decoded", async () => {
  for (const format of [webp(), lossy]) {
    const bytes = await encoded(format, soft(8, 8, 3));
    await assertFails(webp({ maxPixels: 63 }), bytes, "Unsupported", /8 x 8 pixels/);
  }
  const huge = file(["VP8L", [0x2f, 0xff, 0xff, 0xff, 0x0f, 0]]);
  await assertFails(webp(), huge, "Unsupported", /16384 x 16384 pixels/);
  const canvas = file(["VP8X", [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]);
  await assertFails(webp(), canvas, "Unsupported", /16777216 x 16777216 pixels/);
});

Deno.test("animated files are Unsupported", async () => {
  const flagged = file(["VP8X", [2, 0, 0, 0, 1, 0, 0, 1, 0, 0]]);
  await assertFails(webp(), flagged, "Unsupported", /animated/);
  const framed = file(["VP8X", [0, 0, 0, 0, 1, 0, 0, 1, 0, 0]], ["ANMF", [0]]);
  await assertFails(webp(), framed, "Unsupported", /animated/);
});

Deno.test("truncated and contradictory files are Corrupt", async () => {
  for (const bytes of [await encoded(webp(), soft(9, 9, 4)), await encoded(lossy, soft(9, 9, 4))]) {
    for (let size = 0; size < bytes.length; size += 3) {
      await assertFails(webp(), bytes.subarray(0, size), "Corrupt");
    }
  }
  const pixels = [...(await encoded(webp(), soft(2, 2, 3))).subarray(20)];
  const corrupt: Uint8Array[] = [
    file(),
    file(["VP8X", [0, 0, 0]]),
    file(["VP8X", [0, 0, 0, 0, 2, 0, 0, 2, 0, 0]], ["VP8L", pixels]),
    file(["VP8L", [0x2e, ...pixels.slice(1)]]),
    file(["VP8L", pixels.slice(0, 8)]),
    file(["VP8 ", [0, 0, 0, 1, 2, 3, 1, 0, 1, 0]]),
    file(["VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 1, 0]]),
    file(["ABCD", []]),
  ];
  for (const bytes of corrupt) await assertFails(webp(), bytes, "Corrupt");
  const extended: [string, number[]] = ["VP8X", [0, 0, 0, 0, 1, 0, 0, 1, 0, 0]];
  const extra = file(extended, ["ABCD", [1]], ["VP8L", pixels]);
  assertEquals((await webp().decode(fileOf(extra))).width, 2);
});
