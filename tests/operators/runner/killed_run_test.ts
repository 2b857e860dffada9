import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { readResult } from "../../../operators/runner/mod.ts";
import { runDeno } from "../../support/run_deno.ts";
import { partOfRun } from "../../support/seeds.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { countOf } from "./world.ts";

/** When it is killed, and what the run after it still does. */
const KILLS = {
  "in step": { clean: "skipped", train: "ran", report: "ran" },
  "after outputs": { clean: "skipped", train: "ran", report: "ran" },
  "after success": { clean: "skipped", train: "skipped", report: "ran" },
};

for (const [when, ends] of partOfRun(Object.entries(KILLS), 3)) {
  testInRoot(
    `a run killed ${when} is gone on with by running again, and leaves each output once`,
    async (root) => {
      const run = async (when: string) => {
        const args = [root.path, when];
        return await runDeno("tests/operators/runner/killed_run.ts", args, { permissions: ["-A"] });
      };
      const killed = await run(when);
      assert(
        killed.code !== 0 && killed.stdout === "",
        `it was to be killed: ${killed.stdout}${killed.stderr}`,
      );
      const again = await run("never");
      assertEquals(again.code, 0, again.stderr);
      assertEquals(JSON.parse(again.stdout), ends);
      assertEquals(
        [...Deno.readDirSync(root.join(".holdfast-runs", "nightly"))],
        [],
        "its leftovers are removed",
      );

      await using registry = await openRegistry(root.join("registry"), { create: false });
      const outputs = ["nightly:output:clean", "model", "nightly:output:report"];
      for (
        const name of [
          ...outputs,
          ...["clean", "train", "report"].map((step) => `nightly:step:${step}`),
        ]
      ) {
        assertEquals(await countOf(registry, name), 1, name);
      }
      for (const [i, name] of outputs.entries()) {
        const { inputs } = await registry.info(name);
        const upstream = i === 0 ? [] : [await registry.info(outputs[i - 1])];
        assertEquals(
          inputs,
          upstream.map(({ name, version, digest }) => ({ ref: `${name}@${version}`, digest })),
        );
      }
      assertEquals(
        await readResult(registry, "nightly@1"),
        undefined,
        "nothing is made up for what was killed",
      );
      assertEquals((await readResult(registry, "nightly@2"))?.end, "ok");
      const third = await run("never");
      assertEquals([...new Set(Object.values(JSON.parse(third.stdout)))], ["skipped"]);
    },
  );
}
