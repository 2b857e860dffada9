import { assertEquals } from "@std/assert";
import { planPipeline, runPipeline } from "../../../../operators/runner/mod.ts";
import { drawPipeline } from "../../../../operators/mod.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends, testInWorld, textOf } from "../world.ts";

/** Refs that name a version of before the run. */
const NAMED = ["my:model@production", "my:model@1.0.0", "my:model@^1", "my:model@latest"];

/** Trains a model, and compares it with `old`. The comparison also waits for the training. */
const comparing = (old: string, lr = 1) =>
  pipeline([
    step("train", { params: { lr }, outputs: { text: "registry:my:model" } }),
    step("report", {
      upstream: ["train"],
      inputs: { new: "registry:my:model", old: `registry:${old}` },
      outputs: { text: "registry:comparison" },
    }),
  ]);

for (const old of NAMED) {
  testInWorld(`${old} is a version of before the run, though a step writes it`, async (here) => {
    const { registry } = here;
    const { version } = await registry.save("my:model", "old");
    await registry.setAlias("my:model", "production", version);
    const [, planned] = (await planPipeline(comparing(old), here)).steps;
    assertEquals(planned.inputs.old.parts[0].ref, `my:model@${version}`);
    assertEquals(Object.keys(planned.inputs), ["old"]);
    const { steps } = await runPipeline(comparing(old), here);
    assertEquals(ends(steps), { train: "ran", report: "ran" });
    assertEquals(await textOf(registry, "comparison"), "oldtrain1 report ");
    const { inputs } = await registry.info("comparison");
    const read = inputs.map((input) => typeof input === "string" ? input : input.ref).sort();
    assertEquals(read, [steps.train.outputs!.text, `my:model@${version}`].sort());
  });
}

testInWorld("moving an alias starts the steps that read it", async (here) => {
  const { registry } = here;
  const { version } = await registry.save("my:model", "old");
  await registry.setAlias("my:model", "production", version);
  const compare = () => runPipeline(comparing("my:model@production"), here);
  const { steps } = await compare();
  assertEquals(ends((await compare()).steps), { train: "skipped", report: "skipped" });
  const promoted = steps.train.outputs!.text.split("@")[1];
  await registry.setAlias("my:model", "production", promoted);
  assertEquals(ends((await compare()).steps), { train: "skipped", report: "ran" });
  assertEquals(await textOf(registry, "comparison"), "train1 train1 report ");
});

testInWorld("a step that reads only the version before another waits for nothing", async (here) => {
  await here.registry.save("my:model", "old");
  const apart = pipeline([
    step("train", { outputs: { text: "registry:my:model" } }),
    step("report", { upstream: ["train"], inputs: { old: "registry:my:model@1.0.0" } }),
  ]);
  await runPipeline(apart, here);
  assertEquals(await textOf(here.registry, "nightly:output:report"), "oldreport ");
  await here.registry.delete("my:model@2.0.0");
  const { steps } = await planPipeline(apart, here);
  assertEquals(steps.map(({ decision }) => decision), ["run", "skip"]);
  const drawn = drawPipeline(apart, { as: "mermaid" }).split("\n");
  assertEquals(drawn.filter((line) => line.includes("b0 -.-> b1")).length, 1, drawn.join("\n"));
});
