import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  Lz4Problem,
  packLz4,
  unpackLz4,
  unpackLz4Frame,
} from "../../../formats/compression/lz4.ts";

const MAGIC = [0x04, 0x22, 0x4d, 0x18];

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

Deno.test("a frame has packed and stored blocks, with checksums or without", () => {
  const block = [3, 0, 0, 0x80, 1, 2, 3];
  const again = [5, 0, 0, 0, 0x00, 3, 0, 0x10, 9];
  const whole = [1, 2, 3, 1, 2, 3, 1, 9];
  const plain = Uint8Array.from([
    ...[...MAGIC, 0x40, 0x40, 0, 3, ...block.slice(1), ...again, 0, 0, 0, 0],
  ]);
  assertEquals([...unpackLz4Frame(plain, 8)], whole);
  const summed = [...MAGIC, 0x5c, 0x40, 8, 0, 0, 0, 0, 0, 0, 0, 0];
  const sum = [1, 1, 1, 1];
  const full = Uint8Array.from([...summed, ...block, ...sum, ...again, ...sum, 0, 0, 0, 0, ...sum]);
  assertEquals([...unpackLz4Frame(full, 8)], whole);
  assertThrows(() => unpackLz4Frame(full, 7), Lz4Problem);
});

Deno.test("other bytes are refused, and never exceed the size", () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(fc.property(bytes, fc.nat(300), fc.boolean(), (bytes, size, isFrame) => {
    try {
      const packed = isFrame ? Uint8Array.from([...MAGIC, 0x40, 0x40, 0, ...bytes]) : bytes;
      assert((isFrame ? unpackLz4Frame : unpackLz4)(packed, size).byteLength <= size);
    } catch (error) {
      assert(error instanceof Lz4Problem || error instanceof RangeError, String(error));
    }
  }));
});
