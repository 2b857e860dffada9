import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { bytesStream, concatBytes, iterableStream, readAll } from "../../../core/bytes/bytes.ts";
import {
  fillingReader,
  memoryStream,
  sameMemory,
  type TakeMemory,
} from "../../../core/bytes/own_memory.ts";
import { noise } from "../../registry/registries.ts";
import { casesOfRun } from "../../support/seeds.ts";

/** Chunks of up to these sizes in the memory that is taken, like those of a file. */
async function* chunksOf(bytes: Uint8Array, sizes: readonly number[], take: TakeMemory) {
  let at = 0;
  for (let i = 0; at < bytes.byteLength; i++) {
    const memory = take(Math.min(sizes[i % sizes.length]!, bytes.byteLength - at));
    memory.set(bytes.subarray(at, at + memory.byteLength));
    at += memory.byteLength;
    yield await Promise.resolve(memory);
  }
}

async function filled(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array[]> {
  const reader = fillingReader(stream);
  const parts: Uint8Array[] = [];
  for (let isOpen = true; isOpen;) {
    const part = await reader.fill(new Uint8Array(size));
    isOpen = part.byteLength === size;
    parts.push(part);
  }
  return parts;
}

const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 });

Deno.test("memory is filled with the bytes of any stream, and is short only at its end", async () => {
  const check = fc.asyncProperty(
    fc.uint8Array({ maxLength: 300 }),
    sizes,
    fc.integer({ min: 1, max: 100 }),
    async (bytes, chunkSizes, size) => {
      const streams = [
        memoryStream((take) => chunksOf(bytes, chunkSizes, take)),
        iterableStream(chunksOf(bytes, chunkSizes, (size) => new Uint8Array(size))),
        bytesStream(bytes),
        new Blob([bytes.slice()]).stream(),
      ];
      for (const stream of streams) {
        const parts = await filled(stream, size);
        assert(parts.slice(0, -1).every(({ byteLength }) => byteLength === size));
        assertEquals(new Uint8Array(concatBytes(parts)), bytes);
      }
    },
  );
  await fc.assert(check, { numRuns: casesOfRun(50) });
});

Deno.test("a reader without memory gets chunks that stay valid", async () => {
  const bytes = noise(5_000);
  const stream = memoryStream((take) => chunksOf(bytes, [700, 1, 90], take));
  assertEquals(new Uint8Array(await readAll(stream)), bytes);
});

Deno.test("chunks are read into the memory of the reader", async () => {
  const lengths: number[] = [];
  const stream = memoryStream(async function* (take) {
    const first = take(1_000);
    lengths.push(first.buffer.byteLength, first.byteLength);
    yield await Promise.resolve(first);
  });
  const part = await fillingReader(stream).fill(new Uint8Array(64));
  assertEquals(lengths, [64, 64]);
  assertEquals(part.byteLength, 64);
});

Deno.test("an error and a cancellation of a stream reach its chunks and its reader", async () => {
  let isEnded = false;
  const chunks = async function* (take: TakeMemory) {
    try {
      yield await Promise.resolve(take(3));
      yield await Promise.reject(new Error("damaged"));
    } finally {
      isEnded = true;
    }
  };
  await assertRejects(() => filled(memoryStream(chunks), 10), Error, "damaged");
  assert(isEnded);
  isEnded = false;
  const reader = fillingReader(memoryStream(chunks));
  assertEquals((await reader.fill(new Uint8Array(3))).byteLength, 3);
  await reader.cancel("enough");
  assert(isEnded);
  assertEquals((await reader.fill(new Uint8Array(3))).byteLength, 0);
});

Deno.test("the same memory serves all chunks, and grows", () => {
  const take = sameMemory();
  const first = take(8);
  assertEquals([take(4).buffer, take(4).byteLength], [first.buffer, 4]);
  assertEquals(take(9).byteLength, 9);
});
