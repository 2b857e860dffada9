import { assertEquals } from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import { knownContext } from "../../../registry/opening/context.ts";
import type { Known } from "../../../registry/payload/known.ts";
import { saveFiles } from "../../../registry/save.ts";
import { noise, testInMemory } from "../registries.ts";

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
              const told = "known" in job && job.known instanceof Set && job.known.size > 0;
              return context.executor.run(
                kind,
                told && known !== undefined ? { ...job, known } : job,
                how,
              );
            },
          },
        );
      await save(noise(size, 1));
      await save(value, new Set([sha256(value)]));
      assertEquals(await registry.load(name), value);
    }
  },
);
