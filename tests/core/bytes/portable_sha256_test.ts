import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { toHex } from "../../../core/bytes/digest.ts";
import { createPortableSha256 } from "../../../core/bytes/portable_sha256.ts";

const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function digest(...chunks: Uint8Array[]): string {
  const hash = createPortableSha256();
  for (const chunk of chunks) hash.update(chunk);
  return toHex(hash.digest());
}

Deno.test("the portable hash is SHA-256 at every length around a block", () => {
  assertEquals(digest(new TextEncoder().encode("abc")), expected(new TextEncoder().encode("abc")));
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 37);
    assertEquals(digest(bytes), expected(bytes), `${length} bytes`);
  }
});

Deno.test("the portable hash does not depend on the chunks", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
  fc.assert(fc.property(chunks, (chunks) => {
    const all = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
    assertEquals(digest(...chunks), expected(all));
  }));
});
