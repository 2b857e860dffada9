import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";

Deno.test("sha256() gives the examples of FIPS 180-4", () => {
  assertEquals(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assertEquals(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const million = new Uint8Array(1_000_000).fill(0x61);
  assertEquals(sha256(million), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

Deno.test("a digest in pieces is the digest of the whole", () => {
  const check = fc.property(fc.array(fc.uint8Array()), (pieces) => {
    const running = createSha256();
    for (const piece of pieces) running.update(piece);
    assertEquals(running.digest(), sha256(concatBytes(pieces)));
  });
  fc.assert(check);
});
