import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isRegistryError } from "../../../mod.ts";
import { planPipeline } from "../../../operators/runner/mod.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";
import { world } from "./world.ts";

testInRoot(
  "places that an output would destroy, or that two would share, are refused before anything runs",
  async (root) => {
    await using here = await world(root);
    const refused: [first: string, second: string | undefined, state: string][] = [
      [".", undefined, "the pipeline's own folder is in it"],
      ["..", undefined, "the pipeline's own folder is in it"],
      ["/", undefined, "the pipeline's own folder is in it"],
      ["./.holdfast-runs", undefined, "the folder that its runs work in"],
      ["./.holdfast-runs/nightly/out", undefined, "the folder that its runs work in"],
      ["./out", "out/", "have no folders of their own"],
      ["./out", "./out/deep/er", "have no folders of their own"],
      ["s3://bucket/a", "s3://bucket/a", "both to be written to"],
      ["registry:data@^1", undefined, "names no version"],
      ["registry:data@production", undefined, "names no version"],
      ["step:clean", undefined, "is a step's own"],
      ["registry:nightly:run", undefined, "where the records of its runs are"],
      ["registry:nightly:step:clean@7.0.0", undefined, "where the records of its runs are"],
      ["registry:nightly:failure:train", "./out", "where the records of its runs are"],
    ];
    for (const [first, second, state] of refused) {
      const steps = [step("clean", { outputs: { x: first } })];
      if (second !== undefined) steps.push(step("train", { outputs: { y: second } }));
      const error = await planPipeline(pipeline(steps), here).catch((error) => error);
      assert(isRegistryError(error, "Invalid"), `${first} ${second}: ${error}`);
      assertStringIncludes(error.message, state);
    }
    const apart = {
      a: "./out/a",
      ab: "./out/ab",
      dots: "./..out",
      other: "/tmp/holdfast-somewhere",
      v: "registry:d@2.0.0",
    };
    const { steps } = await planPipeline(pipeline([step("clean", { outputs: apart })]), here);
    assertEquals(steps[0].decision, "run");
  },
);

testInRoot(
  "ids that are too long for the names of records are refused before anything runs",
  async (root) => {
    await using here = await world(root);
    const long = step("s".repeat(181), { operator: "clean" }); // fits into some of these names
    const error = await planPipeline(pipeline([long]), here).catch((error) => error);
    assert(isRegistryError(error, "Invalid"), String(error));
    assertStringIncludes(error.message, "it is too long");
    assertEquals(here.ran, []);
  },
);
