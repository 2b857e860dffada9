// Cases about saves that look at other versions: those they were made from, and equal ones.
import { deepStrictEqual } from "node:assert/strict";
import { given } from "../given.ts";
import { noise, refused, type RegistryCase, versionsOf } from "./registry_case.ts";

export const madeFromCases: readonly RegistryCase[] = [
  given(
    "parallel saves of one content that skip what is unchanged are one version",
    async ({ registry, reopen }) => {
      const writers = [registry, await reopen(), await reopen()];
      for (const [name, value] of [["small", "same"], ["large", noise(300_000)]] as const) {
        for (const [turn, content] of [value, "other", value].entries()) {
          const saved = await Promise.all(
            Array.from(
              { length: 9 },
              (_, i) => writers[i % 3]!.save(name, content, { skipIfUnchanged: true }),
            ),
          );
          const version = `${turn + 1}.0.0`;
          deepStrictEqual(new Set(saved.map((each) => each.version)), new Set([version]));
          deepStrictEqual(saved.filter(({ skipped }) => !skipped).length, 1);
        }
        deepStrictEqual(await versionsOf(registry, name), ["3.0.0", "2.0.0", "1.0.0"]);
      }
    },
    { needs: ["save"] },
  ),
  given(
    "inputs are recorded as the versions that they mean, and unknown ones are NotFound",
    async ({ registry }) => {
      const { digest: first } = await registry.save("raw", "one");
      const { digest, version } = await registry.save("raw", "two");
      await registry.setAlias("raw", "live", "1");
      const refs = ["raw", "raw@latest", "raw@live", "raw@^1", { ref: "raw@^2" }, "raw@1"];
      await registry.save("made", 1, { inputs: refs });
      const latest = { ref: `raw@${version}`, digest },
        oldest = { ref: "raw@1.0.0", digest: first };
      const recorded = [latest, latest, oldest, oldest, latest, "raw@1"];
      deepStrictEqual((await registry.info("made")).inputs, recorded);

      for (const ref of ["rwa", "rwa@1", "raw@3", "raw@prod", "raw@^3"]) {
        for (const input of [ref, { ref }]) {
          await refused("NotFound", registry.save("made", 2, { inputs: ["raw@1", input] }));
        }
      }
      await registry.delete("raw@2");
      await registry.save("made", 3, { inputs: ["raw@2"] }); // it was there
      deepStrictEqual((await registry.info("made")).inputs, ["raw@2"]);
    },
    { needs: ["save"] },
  ),
];
