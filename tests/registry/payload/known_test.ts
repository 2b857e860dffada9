import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import { knownContext } from "../../../registry/opening/context.ts";
import { knownOf, knownOfAll, mayBeKnown, NOTHING_KNOWN } from "../../../registry/payload/known.ts";
import type { Known } from "../../../registry/payload/known.ts";
import { saveFiles } from "../../../registry/save.ts";
import { noise, testInMemory } from "../registries.ts";

const digests = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => sha256(noise(8, from + n + 1)));

Deno.test("what was told is found among any number, and hardly anything else", () => {
  for (const count of [0, 1, 2, 3, 1_000]) {
    const known = knownOf(digests(0, count));
    assert(digests(0, count).every((digest) => mayBeKnown(known, digest)), `of ${count}`);
    assertEquals(digests(2_000, 3_000).filter((digest) => mayBeKnown(known, digest)), []);
  }
});

Deno.test("several are one", () => {
  const both = knownOfAll([knownOf(digests(0, 9)), NOTHING_KNOWN, knownOf(digests(9, 20))]);
  assertEquals(both, knownOf(digests(0, 20)));
  assertEquals(knownOfAll([]), NOTHING_KNOWN);
});

Deno.test("what only begins alike is taken for known, for who keeps the digests to say", () => {
  const digest = sha256(noise(8));
  assert(mayBeKnown(knownOf([digest]), `${digest.slice(0, 8)}${"0".repeat(56)}`));
});

testInMemory(
  "a file that is taken for known and is not is stored all the same",
  async ({ registry }) => {
    const context = knownContext(registry)!;
    const materializer = { id: "bytes", formatVersion: 1 };
    for (const size of [400_000, 100_000]) {
      const name = `a${size}`;
      const value = noise(size, 2);
      const save = (bytes: Uint8Array, known?: Known) =>
        saveFiles(
          context,
          { name, materializer, produce: () => [{ path: "data.bin", content: bytes }] },
          {},
          {
            run(kind, job, how) {
              const told = "known" in job && job.known instanceof Uint32Array &&
                job.known.length > 0;
              return context.executor.run(
                kind,
                told && known !== undefined ? { ...job, known } : job,
                how,
              );
            },
          },
        );
      await save(noise(size, 1));
      await save(value, knownOf([sha256(value)]));
      assertEquals(await registry.load(name), value);
    }
  },
);
