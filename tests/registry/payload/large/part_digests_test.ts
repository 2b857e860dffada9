import { assertEquals } from "@std/assert";
import { sha256 } from "../../../../core/bytes/digest.ts";
import type { Part } from "../../../../core/record/record.ts";
import { createPartDigests } from "../../../../registry/payload/writing/part_digests.ts";
import type { PartDigestsOptions } from "../../../../registry/payload/writing/part_digests.ts";
import { noise } from "../../registries.ts";

/** Passes bytes in chunks of one size. */
function pass(
  bytes: Uint8Array,
  chunkBytes: number,
  options: PartDigestsOptions,
): { sum: string; parts: Omit<Part, "object">[] } {
  const digests = createPartDigests(options);
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    digests.update(bytes.subarray(at, at + chunkBytes));
  }
  return { sum: digests.digest(), parts: digests.parts() };
}

/** The parts that bytes have. */
function partsOf(bytes: Uint8Array, partBytes: number): Omit<Part, "object">[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / partBytes) }, (_, n) => {
    const part = bytes.subarray(n * partBytes, (n + 1) * partBytes);
    return {
      ...(n === 0 ? {} : { offset: n * partBytes }),
      size: part.byteLength,
      sha256: sha256(part),
    };
  });
}

Deno.test("each part has the digest of its bytes, however they come", () => {
  for (const size of [101, 199, 200, 201, 300, 1_000]) {
    const bytes = noise(size, size);
    for (const chunkBytes of [1, 7, 99, 100, 101, 250, 1_000]) {
      const { sum, parts } = pass(bytes, chunkBytes, { partBytes: 100 });
      assertEquals(sum, sha256(bytes));
      assertEquals(parts, partsOf(bytes, 100), `${size} bytes in chunks of ${chunkBytes}`);
    }
  }
});

Deno.test("the last part holds the rest where there are as many as may be", () => {
  const bytes = noise(1_000);
  const { sum, parts } = pass(bytes, 70, { partBytes: 100, maxParts: 4 });
  assertEquals(sum, sha256(bytes));
  assertEquals(parts.map(({ size }) => size), [100, 100, 100, 700]);
  assertEquals(parts[3].sha256, sha256(bytes.subarray(300)));
});
