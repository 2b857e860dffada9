import { assert, assertEquals, assertThrows } from "@std/assert";
import zlib from "node:zlib";
import standIn, { crc32 } from "../src/browser/zlib.ts";
import { slowTest } from "../../tests/support/seeds.ts";

let seed = 1;
const noise = Uint8Array.from({ length: 60_000 }, () => {
  return (seed = Math.imul(seed, 1664525) + 1013904223) >>> 24;
});
const long = new Uint8Array(3_000_000);
long.set(noise, 100);

const CODECS = [
  [zlib.gzipSync, standIn.gunzipSync],
  [zlib.deflateSync, standIn.inflateSync],
  [zlib.zstdCompressSync, standIn.zstdDecompressSync],
] as const;

slowTest("pages unpack what node:zlib packs", () => {
  for (const bytes of [new Uint8Array(), noise, long]) {
    for (const [pack, unpack] of CODECS) {
      const found = unpack(pack(bytes), { maxOutputLength: bytes.byteLength || 1 });
      assert(found.byteLength === bytes.byteLength && found.every((byte, i) => byte === bytes[i]));
    }
    assertEquals(crc32(bytes), zlib.crc32(bytes));
  }
});

Deno.test("pages refuse truncated data, and more bytes than the limit", () => {
  for (const [pack, unpack] of CODECS) {
    assertThrows(() => unpack(pack(long), { maxOutputLength: 1000 }), RangeError);
    const packed = pack(noise);
    for (const length of [0, 1, 500, packed.byteLength - 100]) {
      assertThrows(() => unpack(packed.subarray(0, length), { maxOutputLength: 60_000 }));
    }
  }
});

Deno.test("a frame of zstd that declares gigabytes is refused before memory is allocated", () => {
  const single = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0xff, 0, 0, 0, 1, 0, 0);
  const windowed = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 1, 0, 0);
  for (const frame of [single, windowed]) {
    assertThrows(() => standIn.zstdDecompressSync(frame, { maxOutputLength: 1000 }), RangeError);
  }
});
