import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Lz4Problem, unpackLz4, unpackLz4Frame } from "../../../core/bytes/lz4.ts";

const MAGIC = [0x04, 0x22, 0x4d, 0x18];

Deno.test("a block has what stands in it, and repeats what it says", () => {
  assertEquals([...unpackLz4(Uint8Array.of(0x26, 1, 2, 2, 0, 0x10, 9), 13)], [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 9]);
  const long = unpackLz4(Uint8Array.of(0x1f, 7, 1, 0, 255, 255, 3, 0x10, 9), 534);
  assertEquals([long.length, long.filter((byte) => byte === 7).length], [534, 533]);
});

Deno.test("a block that repeats what is not there, or more than there is room for, is refused", () => {
  for (const offset of [0, 3]) assertThrows(() => unpackLz4(Uint8Array.of(0x20, 1, 2, offset, 0), 9), Lz4Problem);
  assertThrows(() => unpackLz4(Uint8Array.of(0x24, 1, 2, 2, 0), 9), Lz4Problem);
});

Deno.test("a frame has blocks that repeat those before, and some that are not packed, with sums or without", () => {
  const block = [3, 0, 0, 0x80, 1, 2, 3];
  const again = [5, 0, 0, 0, 0x00, 3, 0, 0x10, 9];
  const whole = [1, 2, 3, 1, 2, 3, 1, 9];
  const plain = Uint8Array.from([...MAGIC, 0x40, 0x40, 0, 3, ...block.slice(1), ...again, 0, 0, 0, 0]);
  assertEquals([...unpackLz4Frame(plain, 8)], whole);
  const summed = [...MAGIC, 0x5c, 0x40, 8, 0, 0, 0, 0, 0, 0, 0, 0];
  const sum = [1, 1, 1, 1];
  const full = Uint8Array.from([...summed, ...block, ...sum, ...again, ...sum, 0, 0, 0, 0, ...sum]);
  assertEquals([...unpackLz4Frame(full, 8)], whole);
  assertThrows(() => unpackLz4Frame(full, 7), Lz4Problem);
});

Deno.test("bytes that are none give a problem, and never more than the size", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), fc.boolean(), (bytes, size, isFrame) => {
    try {
      const packed = isFrame ? Uint8Array.from([...MAGIC, 0x40, 0x40, 0, ...bytes]) : bytes;
      assert((isFrame ? unpackLz4Frame : unpackLz4)(packed, size).byteLength <= size);
    } catch (error) {
      assert(error instanceof Lz4Problem || error instanceof RangeError, String(error));
    }
  }));
});
