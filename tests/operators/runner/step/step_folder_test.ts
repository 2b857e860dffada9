import { assertEquals } from "@std/assert";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { world } from "../world.ts";

for (
  const { keep, fails, left } of [{ left: 0 }, { fails: true, left: 0 }, { keep: true, left: 2 }]
) {
  const name = `${keep ? " kept" : ""}${fails ? " of a step that fails" : ""}`;
  testInRoot(`each step works in an empty folder of its own${name}`, async (root) => {
    await using here = await world(root);
    const found: string[] = [];
    here.operators.register("look", {
      async run({ operatorId, inputRoot, outputRoot, workspaceRoot }) {
        for (const path of [inputRoot, outputRoot, workspaceRoot]) {
          for await (const { name } of Deno.readDir(path)) found.push(`${operatorId} ${name}`);
        }
        await Deno.writeTextFile(`${workspaceRoot}/rest`, "");
        if (fails) throw new Error("it failed");
      },
      command: () => ["true"],
    });
    const steps = [step("a", { operator: "look" }), step("b", { operator: "look" })];
    await runPipeline(pipeline(steps), { ...here, keep });
    const run = `${root.path}/.holdfast-runs/nightly/1`;
    const folders = await Array.fromAsync(Deno.readDir(run)).catch(() => []);
    assertEquals([found, folders.length], [[], left]);
  });
}
