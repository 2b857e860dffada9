import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { Image } from "../../../formats/images/image.ts";
import { bmp } from "../../../formats/bmp.ts";
import { fromBase64 } from "../archive/archive_files.ts";
import { anyImage, assertFails, assertSameImage, encoded, fileOf } from "../image_files.ts";

/** Fields of a file; omitted ones are as Windows writes them. */
interface Said {
  width?: number;
  height?: number;
  bits?: number;
  compression?: number;
  /** Bytes of the header of the image. */
  header?: number;
  masks?: number[];
  /** Blue, green, red, and a fourth but in the oldest kind. */
  palette?: number[];
  colors?: number;
  rows?: number[];
  /** Bytes to add to the declared offset of the rows. */
  shift?: number;
}

function bmpOf(said: Said): Uint8Array {
  const {
    width = 1,
    height = 1,
    bits = 24,
    compression = 0,
    header = 40,
    masks = [],
    palette = [],
    colors = 0,
  } = said;
  const isCore = header === 12;
  const inside = header > 40 ? masks.slice(0, (header - 40) / 4) : [];
  const behind = header > 40 ? [] : masks;
  const head = new Uint8Array(14 + header + behind.length * 4);
  const view = new DataView(head.buffer);
  head.set([0x42, 0x4d]);
  view.setUint32(10, head.length + palette.length + (said.shift ?? 0), true);
  view.setUint32(14, header, true);
  if (isCore) {
    for (const [i, value] of [width, height, 1, bits].entries()) {
      view.setUint16(18 + i * 2, value, true);
    }
  } else {
    view.setInt32(18, width, true);
    view.setInt32(22, height, true);
    view.setUint16(28, bits, true);
    view.setUint32(30, compression, true);
    view.setUint32(46, colors, true);
    for (const [i, mask] of [...inside, ...behind].entries()) {
      view.setUint32(54 + i * 4, mask, true);
    }
  }
  return concatBytes([head, Uint8Array.from(palette), Uint8Array.from(said.rows ?? [])]);
}

async function read(said: Said): Promise<{ data: number[]; channels: number }> {
  const { data, channels } = await bmp().decode(fileOf(bmpOf(said)));
  return { data: [...data], channels };
}

Deno.test("bmp: gray, RGB, and RGB with alpha come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyImage(["uint8"], [1, 3, 4]), async (image) => {
      assert(bmp().accepts(image));
      assertSameImage(await bmp().decode(fileOf(await encoded(bmp(), image))), image);
    }),
  );
});

Deno.test("bmp: what is written is what Pillow has read as the same pixels", async () => {
  const rgb: Image = {
    data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    width: 1,
    height: 2,
    channels: 3,
    dtype: "uint8",
  };
  assertEquals(
    await encoded(bmp(), rgb),
    fromBase64(
      "Qk0+AAAAAAAAADYAAAAoAAAAAQAAAAIAAAABABgAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAAABgUEAAMCAQA=",
    ),
  );
  const rgba: Image = {
    data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    width: 1,
    height: 2,
    channels: 4,
    dtype: "uint8",
  };
  const bytes = fromBase64(`
  Qk2CAAAAAAAAAHoAAABsAAAAAQAAAAIAAAABACAAAwAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAD/AAD/AAD/AAAAAAAA/0JHUnMAAAAAAAAAAA
  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHBgUIAwIBBA==`);
  assertEquals(await encoded(bmp(), rgba), bytes);
});

Deno.test("bmp: what it cannot hold is refused, not cast", () => {
  const images: unknown[] = [
    { data: new Uint16Array(1), width: 1, height: 1, channels: 1, dtype: "uint16" },
    { data: new Uint8Array(2), width: 1, height: 1, channels: 2, dtype: "uint8" },
    "image",
  ];
  for (const image of images) {
    assertEquals(bmp().accepts(image), false);
    assert(isRegistryError(assertThrows(() => bmp().encode(image as Image)), "Unsupported"));
  }
});

Deno.test("bmp: rows stand from the lower one, or from the upper one, and are filled up to four bytes", async () => {
  const rows = [1, 2, 3, 0, 4, 5, 6, 0];
  assertEquals(await read({ height: 2, rows }), { data: [6, 5, 4, 3, 2, 1], channels: 3 });
  assertEquals(await read({ height: -2, rows }), { data: [3, 2, 1, 6, 5, 4], channels: 3 });
  assertEquals(await read({ header: 12, height: 2, rows }), {
    data: [6, 5, 4, 3, 2, 1],
    channels: 3,
  });
  assertEquals(await read({ shift: 1, rows: [9, 1, 2, 3, 0] }), { data: [3, 2, 1], channels: 3 });
});

Deno.test("bmp: palettes of 1, 4 and 8 bits are expanded, to gray where all colors are", async () => {
  const colors = [1, 2, 3, 0, 4, 5, 6, 0];
  const grays = [0, 0, 0, 0, 9, 9, 9, 0];
  const rgb = (...indices: number[]) =>
    indices.flatMap((index) => index === 0 ? [3, 2, 1] : [6, 5, 4]);
  assertEquals(
    await read({ width: 10, bits: 1, palette: colors, rows: [0b01000000, 0b01000000, 0, 0] }),
    { data: rgb(0, 1, 0, 0, 0, 0, 0, 0, 0, 1), channels: 3 },
  );
  const two = { bits: 1, palette: colors, colors: 2, rows: [0x80, 0, 0, 0] };
  assertEquals(await read(two), { data: rgb(1), channels: 3 });
  const four = { width: 3, bits: 4, palette: colors, colors: 2, rows: [0x01, 0x10, 0, 0] };
  assertEquals(await read(four), { data: rgb(0, 1, 1), channels: 3 });
  assertEquals(await read({ width: 2, bits: 8, palette: grays, colors: 2, rows: [1, 0, 0, 0] }), {
    data: [9, 0],
    channels: 1,
  });
  const old = { header: 12, width: 2, bits: 8, palette: [1, 2, 3, 4, 5, 6], rows: [1, 0, 0, 0] };
  assertEquals(await read(old), { data: rgb(1, 0), channels: 3 });
});

Deno.test("bmp: the fourth byte of 32 bits is ignored, unless masks use it", async () => {
  const rows = [1, 2, 3, 4];
  assertEquals(await read({ bits: 32, rows }), { data: [3, 2, 1], channels: 3 });
  const masks = [0xff, 0xff00, 0xff0000];
  assertEquals(await read({ bits: 32, compression: 3, masks, rows }), {
    data: [1, 2, 3],
    channels: 3,
  });
  const alpha = [...masks, 0xff000000];
  assertEquals(await read({ bits: 32, compression: 3, header: 56, masks: alpha, rows }), {
    data: [1, 2, 3, 4],
    channels: 4,
  });
  assertEquals(await read({ bits: 32, compression: 3, header: 124, masks: alpha, rows }), {
    data: [1, 2, 3, 4],
    channels: 4,
  });
  assertEquals(await read({ bits: 32, compression: 6, masks: alpha, rows }), {
    data: [1, 2, 3, 4],
    channels: 4,
  });
  const none = { bits: 32, compression: 3, header: 108, masks: [...masks, 0], rows };
  assertEquals(await read(none), { data: [1, 2, 3], channels: 3 });
});

Deno.test("bmp: an image that declares a huge size, or one above the limit, is refused before its pixels", async () => {
  await assertFails(
    bmp(),
    bmpOf({ width: 100_000, height: 100_000 }),
    "Unsupported",
    /100000 x 100000 pixels/,
  );
  await assertFails(
    bmp({ maxPixels: 5 }),
    bmpOf({ width: 2, height: 3, rows: new Array(24).fill(0) }),
    "Unsupported",
  );
  await assertFails(bmp(), bmpOf({ width: 10_000, height: 10_000 }), "Corrupt", /300000000 bytes/);
  await assertFails(bmp(), bmpOf({ height: -(2 ** 31) }), "Unsupported");
});

Deno.test("bmp: bytes that are not BMP, are cut, or name missing colors are Corrupt", async () => {
  const whole = bmpOf({ rows: [1, 2, 3, 0] });
  const corrupt = [
    new Uint8Array(),
    Uint8Array.of(0x42, 0x4d),
    concatBytes([Uint8Array.of(0), whole.slice(1)]),
    concatBytes([Uint8Array.of(0x42, 0), whole.slice(2)]),
    whole.slice(0, -1),
    whole.slice(0, 30),
    bmpOf({ width: 0, rows: [1, 2, 3, 0] }),
    bmpOf({ width: -1, rows: [1, 2, 3, 0] }),
    bmpOf({ shift: -1, rows: [1, 2, 3, 0] }),
    bmpOf({ bits: 8, palette: [1, 2, 3, 0], rows: [1, 0, 0, 0] }),
    bmpOf({
      bits: 1,
      colors: 3,
      palette: [1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0],
      rows: [0, 0, 0, 0],
    }),
    bmpOf({ bits: 32, compression: 3 }),
  ];
  for (const bytes of corrupt) await assertFails(bmp(), bytes, "Corrupt");
});

Deno.test("bmp: runs, other headers, 16 bits and samples that are no whole bytes are Unsupported", async () => {
  const rows = [1, 2, 3, 4];
  const unsupported: Said[] = [
    { bits: 8, compression: 1, rows },
    { bits: 16, rows },
    { bits: 24, compression: 4, rows },
    { bits: 2, rows },
    { header: 64, rows },
    { bits: 32, compression: 3, masks: [0x3ff00000, 0xffc00, 0x3ff], rows },
    { bits: 32, compression: 3, masks: [0xff, 0xff, 0xff00], rows },
  ];
  for (const said of unsupported) await assertFails(bmp(), bmpOf(said), "Unsupported");
});
