import { assertEquals, assertThrows } from "@std/assert";
import { GCS_NAMES, objectName, parsePrefix, S3_NAMES } from "../../../backends/bucket/keys.ts";
import { RegistryError } from "../../../core/errors.ts";
import { assertHolds, listed, text } from "../../conformance/backend/samples.ts";
import { failureOf, strictTest } from "../gcs/with_strict.ts";

/** Keys, and which stores keep them. */
const KEYS: [key: string, s3: boolean, gcs: boolean][] = [
  ["a/b c", true, true],
  ["é/😀", true, true],
  ["a//b", false, true],
  ["/a", false, true],
  ["a/", false, true],
  ["/", false, true],
  ["a\tb\\c", false, true],
  ["", false, false],
  ["a/../b", false, false],
  ["./a", false, false],
  ["a\nb", false, false],
  ["\ud800", false, false],
  ["€".repeat(339), true, true], // 1,017 bytes, of 1,024 with a prefix
  ["€".repeat(342), false, false],
  ["x".repeat(1021), false, false],
];

Deno.test("a key that the store rejects or confuses is Invalid", () => {
  for (const prefix of ["", "team/"]) {
    for (const [key, ...kept] of KEYS) {
      for (const [i, rules] of [S3_NAMES, GCS_NAMES].entries()) {
        const name = () => objectName({ prefix, rules, location: "x:" }, key);
        if (kept[i] || prefix === "" && key.length === 1021) {
          assertEquals(name(), prefix + key);
        } else {
          const error = assertThrows(name, RegistryError, JSON.stringify(key).slice(0, 9));
          assertEquals([error.code, error.key, error.hint], ["Invalid", key, rules.hint]);
        }
      }
    }
  }
  const reserved = () =>
    objectName({ prefix: "", rules: GCS_NAMES, location: "x:" }, ".well-known/acme-challenge/a");
  assertThrows(reserved, RegistryError);
  assertEquals(parsePrefix("/a//b/", GCS_NAMES), "a//b/");
  assertThrows(() => parsePrefix("/a//b/", S3_NAMES), RegistryError);
});

strictTest("Google's store keeps keys with empty segments", async ({ open }) => {
  const backend = open({ prefix: "x//y" });
  const keys = ["/a", "a", "a/", "a//b"];
  for (const key of keys) await backend.put(key, text(key), { mode: "create" });
  for (const key of keys) await assertHolds(backend, key, text(key));
  assertEquals(await listed(backend, ""), keys);
  await backend.copy!("a//b", "c//");
  assertEquals(await backend.deleteMany!([...keys, "c//"]), []);
  assertEquals(await listed(backend, ""), []);
  assertEquals((await failureOf(backend.head("a/../b"))).code, "Invalid");
});
