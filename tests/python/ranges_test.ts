// Ranges of damaged files, read by Python from the folder, through a service and through fsspec.
import { assert } from "@std/assert";
import { sha256 } from "../../core/bytes/digest.ts";
import { openRegistry } from "../../mod.ts";
import { type Flip, flip, saveRanged } from "../registry/payload/ranges/ranged_versions.ts";
import { createRandom } from "../simulate/random.ts";
import { seedRange } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { type Place, python, served, startReader, why } from "./reader.ts";

const WAYS = ["range", "cat_file", "open"];

Deno.test({
  name: `no range of a damaged file has wrong bytes in Python${why}`,
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    await using reader = startReader();
    const location = root.join("registry");
    await using registry = await openRegistry(location, { cache: false, durability: "os" });
    const files = await saveRanged(registry);
    await using service = served(registry);
    const places: Place[] = [{ location }, { location: service.location, token: service.token }];
    const read = async (range: Flip["ranges"][number], place: Place, by: string) => {
      const { bytes: _, ...asked } = range;
      const answer = await reader.ask<string | { error: string }>({
        ask: "range",
        by,
        ...asked,
        ...place,
      });
      return typeof answer === "string" ? answer : answer.error;
    };
    const { firstSeed, seeds } = seedRange(40);
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const { key, ranges, undo } = await flip(registry, files, createRandom(seed));
      for (const range of ranges) {
        const { ref, path, bytes, offset, length } = range;
        const right = sha256(bytes.subarray(offset, offset + length));
        for (const place of places) {
          for (const by of WAYS) {
            const given = await read(range, place, by);
            const what = `${length} bytes at ${offset} of ${path} of ${ref}: ${given}`;
            assert(
              given === right || given === "Corrupt" ||
                place.token !== undefined && given === "Unavailable", // it broke off
              `seed ${seed}, ${by} of ${place.location}: ${what}; ${key} is damaged`,
            );
          }
        }
      }
      await undo();
    }
    for (const file of files) {
      const right = sha256(file.bytes.subarray(5, 70_005));
      for (const place of places) {
        for (const by of WAYS) {
          const given = await read({ ...file, offset: 5, length: 70_000 }, place, by);
          assert(given === right, `${by} of ${file.path} of ${file.ref}: ${given}`);
        }
      }
    }
  },
});
