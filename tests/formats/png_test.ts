import { assert, assertEquals, assertThrows } from "@std/assert";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Image } from "../../formats/images/image.ts";
import { png } from "../../formats/png.ts";
import { pngChunk } from "./bitmaps/png_chunk.ts";
import { anyImage, assertFails, assertSameImage, encoded, fileOf } from "./image_files.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const END = pngChunk("IEND", []);

function header(
  width: number,
  height: number,
  depth: number,
  colour: number,
  rest = [0, 0, 0],
): Uint8Array {
  const content = new Uint8Array(13);
  const view = new DataView(content.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  content.set([depth, colour, ...rest], 8);
  return pngChunk("IHDR", content);
}

function file(...chunks: Uint8Array[]): Uint8Array {
  return concatBytes([SIGNATURE, ...chunks, END]);
}

/** The chunk of data of these filtered rows. */
function rows(...bytes: number[]): Uint8Array {
  return pngChunk("IDAT", deflateSync(Uint8Array.from(bytes)));
}

async function read(...chunks: Uint8Array[]): Promise<Image> {
  return await png().decode(fileOf(file(...chunks)));
}

Deno.test("images of 8 and 16 bits and of one to four channels come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(["uint8", "uint16"], [1, 2, 3, 4]), async (image) => {
      assert(png().accepts(image));
      assertSameImage(await png().decode(fileOf(await encoded(png(), image))), image);
    }),
  );
});

Deno.test("what PNG cannot hold is refused, not cast", () => {
  const images: unknown[] = [
    { data: new Float32Array(1), width: 1, height: 1, channels: 1, dtype: "float32" },
    { data: new Uint8Array(5), width: 1, height: 1, channels: 5, dtype: "uint8" },
    { data: new Uint8Array(5), width: 2, height: 1, channels: 3, dtype: "uint8" },
    "image",
  ];
  for (const image of images) {
    assertEquals(png().accepts(image), false);
    assert(isRegistryError(assertThrows(() => png().encode(image as Image)), "Unsupported"));
  }
});

Deno.test("each filter of a row is undone", async () => {
  const data = rows(0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 4, 1, 1, 1);
  const image = await read(header(3, 5, 8, 0), data);
  assertEquals([...image.data], [1, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5]);
});

Deno.test("palettes are expanded to RGB, and to alpha where colours are transparent", async () => {
  const palette = pngChunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const image = await read(
    header(5, 2, 2, 3),
    palette,
    rows(0, 0b00011000, 0, 0, 0b10000000, 0b01000000),
  );
  assertEquals({ ...image, data: [...image.data] }, {
    data: [..."123456789123123789123123123456"].map(Number),
    width: 5,
    height: 2,
    channels: 3,
    dtype: "uint8",
  });
  const alpha = await read(header(3, 1, 8, 3), palette, pngChunk("tRNS", [9, 0]), rows(0, 2, 1, 0));
  assertEquals([...alpha.data], [7, 8, 9, 255, 4, 5, 6, 0, 1, 2, 3, 9]);
});

Deno.test("grey of few bits is expanded to 8, and a transparent colour to alpha", async () => {
  assertEquals([...(await read(header(3, 1, 1, 0), rows(0, 0b10100000))).data], [255, 0, 255]);
  assertEquals([...(await read(header(3, 1, 4, 0), rows(0, 0x1f, 0x20))).data], [17, 255, 34]);
  const keyed = await read(header(2, 1, 4, 0), pngChunk("tRNS", [0, 1]), rows(0, 0x12));
  assertEquals([...keyed.data, keyed.channels], [17, 0, 34, 255, 2]);
  const rgb = await read(
    header(2, 1, 8, 2),
    pngChunk("tRNS", [0, 1, 0, 2, 0, 3]),
    rows(0, 1, 2, 3, 1, 2, 4),
  );
  assertEquals([...rgb.data], [1, 2, 3, 0, 1, 2, 4, 255]);
  const wide = await read(header(2, 1, 16, 0), pngChunk("tRNS", [1, 2]), rows(0, 1, 2, 2, 1));
  assertEquals([...wide.data], [258, 0, 513, 65535]);
});

Deno.test("interlaced images are put together", async () => {
  // 3 x 3: passes of pixel (0, 0); (2, 0); (0, 2) and (2, 2); (1, 0) and (1, 2); the row between
  const data = rows(0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6);
  const image = await read(header(3, 3, 8, 0, [0, 0, 1]), data);
  assertEquals([...image.data], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("chunks that say something about the pixels are passed by, however they are broken", async () => {
  const bomb = pngChunk("iCCP", [
    65,
    0,
    0,
    ...deflateSync(new Uint8Array(1 << 16)).subarray(0, 20),
  ]);
  assertEquals([...(await read(header(1, 1, 8, 0), bomb, rows(0, 7))).data], [7]);
});

Deno.test("an image that says it is huge is refused before its pixels, and so is one above the limit", async () => {
  await assertFails(
    png(),
    file(header(100_000, 100_000, 8, 2), rows(0)),
    "Unsupported",
    /100000 x 100000 pixels/,
  );
  await assertFails(
    png({ maxPixels: 5 }),
    file(header(2, 3, 8, 0), rows(0, 0, 0, 0, 0, 0, 0, 0, 0)),
    "Unsupported",
  );
  await assertFails(png(), file(header(0, 3, 8, 0), rows(0)), "Corrupt");
});

Deno.test("data of another length than the pixels need are Corrupt, and are inflated no further", async () => {
  const small = header(2, 1, 8, 0);
  await assertFails(png(), file(small, rows(0, 1)), "Corrupt", /need 3 bytes, its data have 2$/);
  await assertFails(png(), file(small, rows(0, 1, 2, 3)), "Corrupt", /more$/);
  await assertFails(
    png(),
    file(small, pngChunk("IDAT", deflateSync(new Uint8Array(1 << 26)))),
    "Corrupt",
    /more$/,
  );
  const cut = deflateSync(Uint8Array.of(0, 1, 2));
  await assertFails(
    png(),
    file(small, pngChunk("IDAT", cut.subarray(0, cut.length - 2))),
    "Corrupt",
  );
});

Deno.test("what is not in order is Corrupt, and what must be understood is Unsupported", async () => {
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

Deno.test("a flipped bit is found by the sum of its chunk", async () => {
  const bytes = file(
    header(1, 1, 8, 3),
    pngChunk("PLTE", [1, 2, 3]),
    pngChunk("tRNS", [7]),
    rows(0, 0),
  );
  for (const at of [19, 42, 56, 72]) {
    const copy = bytes.slice();
    copy[at] ^= 1;
    await assertFails(png(), copy, "Corrupt");
  }
  bytes[42] ^= 1;
  await assertFails(png(), bytes, "Corrupt", /PLTE has another sum/);
});
