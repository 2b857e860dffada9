import { assert, assertEquals } from "@std/assert";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes/bytes.ts";
import type { Image } from "../../formats/images/image.ts";
import { png } from "../../formats/png.ts";
import { pngChunk } from "./bitmaps/png_chunk.ts";
import {
  anyImage,
  assertFails,
  assertRefuses,
  assertSameImage,
  encoded,
  fileOf,
} from "./image_files.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const END = pngChunk("IEND", []);

function header(
  width: number,
  height: number,
  depth: number,
  color: number,
  rest = [0, 0, 0],
): Uint8Array {
  const content = new Uint8Array(13);
  const view = new DataView(content.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  content.set([depth, color, ...rest], 8);
  return pngChunk("IHDR", content);
}

function file(...chunks: Uint8Array[]): Uint8Array {
  return concatBytes([SIGNATURE, ...chunks, END]);
}

/** Returns the data chunk of filtered rows. */
function rows(...bytes: number[]): Uint8Array {
  return pngChunk("IDAT", deflateSync(Uint8Array.from(bytes)));
}

async function read(...chunks: Uint8Array[]): Promise<Image> {
  return await png().decode(fileOf(file(...chunks)));
}

Deno.test("images of 8 and 16 bits and one to four channels are read back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(["uint8", "uint16"], [1, 2, 3, 4]), async (image) => {
      assert(png().accepts(image));
      assertSameImage(await png().decode(fileOf(await encoded(png(), image))), image);
    }),
  );
});

Deno.test("images that PNG cannot hold are refused", async () => {
  await assertRefuses(png(), [
    { data: new Float32Array(1), width: 1, height: 1, channels: 1, dtype: "float32" },
    { data: new Uint8Array(5), width: 1, height: 1, channels: 5, dtype: "uint8" },
    { data: new Uint8Array(5), width: 2, height: 1, channels: 3, dtype: "uint8" },
    "image",
  ]);
});

Deno.test("each filter of a row is undone", async () => {
  const data = rows(0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 4, 1, 1, 1);
  const image = await read(header(3, 5, 8, 0), data);
  assertEquals([...image.data], [1, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5]);
});

Deno.test("palettes are expanded to RGB, and transparent colors to alpha", async () => {
  const palette = pngChunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const packed = rows(0, 0b00011000, 0, 0, 0b10000000, 0b01000000);
  const image = await read(header(5, 2, 2, 3), palette, packed);
  assertEquals(image.data.join(""), "123456789123123789123123123456");
  assertEquals([image.width, image.height, image.channels, image.dtype], [5, 2, 3, "uint8"]);
  const alpha = await read(header(3, 1, 8, 3), palette, pngChunk("tRNS", [9, 0]), rows(0, 2, 1, 0));
  assertEquals([...alpha.data], [7, 8, 9, 255, 4, 5, 6, 0, 1, 2, 3, 9]);
});

Deno.test("gray of few bits is expanded to 8, a transparent color to alpha", async () => {
  assertEquals([...(await read(header(3, 1, 1, 0), rows(0, 0b10100000))).data], [255, 0, 255]);
  assertEquals([...(await read(header(3, 1, 4, 0), rows(0, 0x1f, 0x20))).data], [17, 255, 34]);
  const keyed = await read(header(2, 1, 4, 0), pngChunk("tRNS", [0, 1]), rows(0, 0x12));
  assertEquals([...keyed.data, keyed.channels], [17, 0, 34, 255, 2]);
  const key = pngChunk("tRNS", [0, 1, 0, 2, 0, 3]);
  const rgb = await read(header(2, 1, 8, 2), key, rows(0, 1, 2, 3, 1, 2, 4));
  assertEquals([...rgb.data], [1, 2, 3, 0, 1, 2, 4, 255]);
  const wide = await read(header(2, 1, 16, 0), pngChunk("tRNS", [1, 2]), rows(0, 1, 2, 2, 1));
  assertEquals([...wide.data], [258, 0, 513, 65535]);
});

Deno.test("interlaced images are assembled", async () => {
  // 3 x 3: passes of pixel (0, 0); (2, 0); (0, 2) and (2, 2); (1, 0) and (1, 2); the row between
  const data = rows(0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6);
  const image = await read(header(3, 3, 8, 0, [0, 0, 1]), data);
  assertEquals([...image.data], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("damaged metadata chunks are ignored", async () => {
  const packed = deflateSync(new Uint8Array(1 << 16)).subarray(0, 20);
  const bomb = pngChunk("iCCP", [65, 0, 0, ...packed]);
  assertEquals([...(await read(header(1, 1, 8, 0), bomb, rows(0, 7))).data], [7]);
});

Deno.test("images above the limit, and empty ones, are refused before their pixels", async () => {
  const huge = file(header(100_000, 100_000, 8, 2), rows(0));
  await assertFails(png(), huge, "Unsupported", /100000 x 100000 pixels/);
  const small = file(header(2, 3, 8, 0), rows(0, 0, 0, 0, 0, 0, 0, 0, 0));
  await assertFails(png({ maxPixels: 5 }), small, "Unsupported");
  await assertFails(png(), file(header(0, 3, 8, 0), rows(0)), "Corrupt");
});

Deno.test("data of a wrong length is Corrupt, and is inflated no further", async () => {
  const small = header(2, 1, 8, 0);
  await assertFails(png(), file(small, rows(0, 1)), "Corrupt", /need 3 bytes, its data has 2$/);
  await assertFails(png(), file(small, rows(0, 1, 2, 3)), "Corrupt", /more$/);
  const bomb = pngChunk("IDAT", deflateSync(new Uint8Array(1 << 26)));
  await assertFails(png(), file(small, bomb), "Corrupt", /more$/);
  const cut = pngChunk("IDAT", deflateSync(Uint8Array.of(0, 1, 2)).slice(0, -2));
  await assertFails(png(), file(small, cut), "Corrupt");
});

Deno.test("misplaced chunks are Corrupt, unknown critical ones Unsupported", async () => {
  const small = header(1, 1, 8, 0);
  const data = rows(0, 1);
  const indexed = header(1, 1, 8, 3);
  const palette = pngChunk("PLTE", [1, 2, 3]);
  const corrupt: Uint8Array[][] = [
    [data],
    [small],
    [pngChunk("IHDR", [0]), data],
    [small, small, data],
    [small, palette, data],
    [small, data, pngChunk("tEXt", [65, 0, 65]), data],
    [header(1, 1, 3, 0), data],
    [header(1, 1, 8, 5), data],
    [header(1, 1, 16, 3), palette, data],
    [indexed, data],
    [indexed, data, palette],
    [indexed, palette, palette, data],
    [indexed, palette, data],
    [indexed, pngChunk("PLTE", [1, 2]), data],
    [indexed, pngChunk("PLTE", []), data],
    [indexed, palette, pngChunk("tRNS", [1, 2]), data],
    [small, pngChunk("tRNS", [1]), data],
    [header(1, 1, 8, 4), pngChunk("tRNS", [1]), rows(0, 1, 1)],
    [small, rows(5, 1)],
    [small, pngChunk("ab0d", []), data],
  ];
  for (const chunks of corrupt) await assertFails(png(), file(...chunks), "Corrupt");
  const unsupported: Uint8Array[][] = [
    [small, pngChunk("acTL", [0, 0, 0, 1, 0, 0, 0, 0]), data],
    [small, pngChunk("ABCD", []), data],
    [header(1, 1, 8, 0, [1, 0, 0]), data],
    [header(1, 1, 8, 0, [0, 0, 2]), data],
  ];
  for (const chunks of unsupported) await assertFails(png(), file(...chunks), "Unsupported");
});

Deno.test("a flipped bit is found by the checksum of its chunk", async () => {
  const [palette, alpha] = [pngChunk("PLTE", [1, 2, 3]), pngChunk("tRNS", [7])];
  const bytes = file(header(1, 1, 8, 3), palette, alpha, rows(0, 0));
  for (const at of [19, 42, 56, 72]) {
    const copy = bytes.slice();
    copy[at] ^= 1;
    await assertFails(png(), copy, "Corrupt");
  }
  bytes[42] ^= 1;
  await assertFails(png(), bytes, "Corrupt", /checksum mismatch in chunk PLTE/);
});
