import { assert, assertEquals } from "@std/assert";
import {
  bodyParts,
  grownPartBytes,
  MAX_PARTS,
  PartBuffers,
} from "../../../../backends/s3/write/parts.ts";
import type { S3Store } from "../../../../backends/s3/store.ts";
import { concatBytes, iterableStream } from "../../../../core/bytes/bytes.ts";
import { noise } from "../../../registry/registries.ts";

async function partsOf(bytes: Uint8Array, plan: { grows?: boolean; size?: number }) {
  const chunks = async function* () {
    for (let at = 0; at < bytes.byteLength; at += 7) {
      yield await Promise.resolve(bytes.subarray(at, at + 7));
    }
  };
  const body = iterableStream(chunks());
  const buffers = new PartBuffers();
  const parts = [];
  for await (
    const part of bodyParts({} as S3Store, "a", body, { partBytes: 4, buffers, ...plan })
  ) {
    parts.push(part.slice());
    buffers.release(part);
  }
  return parts;
}

Deno.test("parts of a body without known size grow and hold the same bytes", async () => {
  const bytes = noise(100_000);
  const parts = await partsOf(bytes, { grows: true });
  assertEquals(concatBytes(parts), bytes);
  const sizes = parts.map(({ byteLength }) => byteLength);
  assertEquals(sizes.slice(0, -1), sizes.slice(0, -1).map((_, i) => grownPartBytes(4, i)));
  assert(parts.length < 5_000, `${parts.length} parts`);
});

Deno.test("parts of a body of known size are equal", async () => {
  const parts = await partsOf(noise(4_001), { size: 4_001 });
  assertEquals(new Set(parts.map(({ byteLength }) => byteLength)), new Set([4, 1]));
});

Deno.test("the largest object of S3 fits into the parts of a stream", () => {
  for (const mib of [8, 64, 512, 2_048]) {
    const sizes = Array.from({ length: MAX_PARTS }, (_, i) => grownPartBytes(mib * 2 ** 20, i));
    assert(sizes.reduce((sum, size) => sum + size, 0) >= 5 * 2 ** 40);
    assert(sizes.every((size) => size <= 5 * 2 ** 30));
  }
});
