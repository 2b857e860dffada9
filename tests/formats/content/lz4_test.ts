import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Lz4Problem, packLz4, unpackLz4 } from "../../../formats/compression/lz4.ts";

Deno.test("a block has literals and matches", () => {
  const unpacked = unpackLz4(Uint8Array.of(0x26, 1, 2, 2, 0, 0x10, 9), 13);
  assertEquals(unpacked.join(""), "1212121212129");
  const long = unpackLz4(Uint8Array.of(0x1f, 7, 1, 0, 255, 255, 3, 0x10, 9), 534);
  assertEquals([long.length, long.filter((byte) => byte === 7).length], [534, 533]);
});

Deno.test("a match out of bounds is refused", () => {
  for (const offset of [0, 3]) {
    assertThrows(() => unpackLz4(Uint8Array.of(0x20, 1, 2, offset, 0), 9), Lz4Problem);
  }
  assertThrows(() => unpackLz4(Uint8Array.of(0x24, 1, 2, 2, 0), 9), Lz4Problem);
  const blocks = [[0x10, 7, 2, 0, 0], [0x10, 7, 0, 0, 0], [0x1f, 7, 1, 0, 255, 255, 0], [0xf0]];
  for (const block of [...blocks, [0x20, 7]]) {
    assertThrows(() => unpackLz4(Uint8Array.from(block), 5), Lz4Problem);
  }
  assertEquals(unpackLz4(Uint8Array.of(0x10, 7, 1, 0), 5), new Uint8Array(5).fill(7));
});

Deno.test("packed bytes are unpacked unchanged, or refused without enough room", () => {
  const pieces = fc.array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 20 })),
  );
  fc.assert(fc.property(pieces, fc.nat(200), (pieces, room) => {
    const bytes = Uint8Array.from(
      pieces.flatMap(([piece, times]) => Array(times).fill([...piece]).flat()),
    );
    const packed = packLz4(bytes, bytes.length + 100)!;
    assertEquals(unpackLz4(packed, bytes.length), bytes);
    const tight = packLz4(bytes, room);
    assert(tight === undefined || tight.length <= room);
    if (tight !== undefined) assertEquals(unpackLz4(tight, bytes.length), bytes);
  }));
});

Deno.test("other bytes are refused, and never exceed the size", () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(fc.property(bytes, fc.nat(300), (bytes, size) => {
    try {
      assert(unpackLz4(bytes, size).byteLength <= size);
    } catch (error) {
      assert(error instanceof Lz4Problem || error instanceof RangeError, String(error));
    }
  }));
});
