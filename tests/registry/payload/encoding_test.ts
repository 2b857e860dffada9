import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { decodeBytes, decodeStream, encodeBytes } from "../../../registry/payload/encoding.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { noise } from "../registries.ts";
import { slowTest } from "../../support/seeds.ts";

/** Fills the output of a decoder exactly, so that it begins what follows in another step. */
const PLAIN = noise(1024 * 1024, 3);

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield await bytes.slice(at, at + size);
}

async function expanded(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(decodeStream(inPieces(bytes, size), "zstd")));
}

/** Returns the places of the blocks of a frame with a content size and one segment. */
function blocksOf(frame: Uint8Array): number[] {
  const flags = frame[4]!;
  const isSingle = flags >> 5 & 1;
  const places = [6 - isSingle + [isSingle, 2, 4, 8][flags >> 6]!];
  for (;;) {
    const [a = 0, b = 0, c = 0] = frame.subarray(places.at(-1)!);
    if (a & 1) return places;
    places.push(places.at(-1)! + 3 + ((a & 6) === 2 ? 1 : (a | b << 8 | c << 16) >> 3));
  }
}

Deno.test("Zstandard is expanded however its frames are cut", async () => {
  const frames = [PLAIN, noise(10, 4), new Uint8Array(), new Uint8Array(300_000)];
  const packed = concatBytes(frames.map((bytes) => encodeBytes(bytes, "zstd")));
  for (const size of [997, 65_536, packed.length]) {
    const isRight = Buffer.compare(await expanded(packed, size), concatBytes(frames)) === 0;
    assert(isRight, `in pieces of ${size}`);
  }
});

Deno.test("compressed bytes of more than the size of their file are an error", () => {
  for (const encoding of ["gzip", "zstd"] as const) {
    const packed = encodeBytes(PLAIN, encoding);
    assertEquals(decodeBytes(packed, encoding, PLAIN.length).length, PLAIN.length);
    assertThrows(() => decodeBytes(packed, encoding, PLAIN.length - 1), RangeError);
  }
});

Deno.test("bytes after a frame of Zstandard are an error that can be caught", async () => {
  const packed = encodeBytes(PLAIN, "zstd");
  for (const more of [1, 3, 8, 500]) {
    const followed = concatBytes([packed, noise(more, 5)]);
    for (const size of [followed.length, packed.length, 300_000]) {
      const read = expanded(followed, size);
      // A decoder may leave out a few bytes: their reader checks the digest.
      if (more < 5) await read.catch(() => {});
      else await assertRejects(() => read, Error, "", `${more} in pieces of ${size}`);
    }
  }
});

Deno.test("a block of Zstandard that damage makes the last one does not end the process", async () => {
  const packed = encodeBytes(PLAIN, "zstd");
  const blocks = blocksOf(packed);
  assert(blocks.length >= 8);
  for (const at of blocks) {
    const damaged = packed.slice();
    damaged[at]! ^= 1;
    for (const size of [packed.length, 300_000]) {
      const read = await expanded(damaged, size).catch(() => new Uint8Array());
      if (at !== blocks.at(-1)) assert(read.length < PLAIN.length);
    }
  }
});

slowTest("other work goes on while a few bytes expand to many", async () => {
  const size = 128 * 1024 ** 2;
  for (const encoding of ["gzip", "zstd"] as const) {
    const packed = encodeBytes(new Uint8Array(size), encoding);
    assert(packed.length < 200_000);
    let turns = 0, bytes = 0, isOver = false;
    const counting = (async () => {
      for (; !isOver; turns++) await nextTurn();
    })();
    for await (const chunk of decodeStream(inPieces(packed, 65_536), encoding)) {
      bytes += chunk.length;
    }
    isOver = true;
    await counting;
    assert(bytes === size && turns > 2, `${encoding}: ${turns} turns`);
  }
});
