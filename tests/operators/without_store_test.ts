import { assertEquals } from "@std/assert";
import { runPipeline } from "../../operators/runner/mod.ts";
import { carriedWorld } from "./runner/carry/carried_world.ts";
import { ends, textOf, threeSteps, world } from "./runner/world.ts";
import { testInRoot } from "../support/temp_root.ts";
import { withoutStore } from "../registry/contract/without_store.ts";

testInRoot("pipelines run over a registry without a store", async (root) => {
  const inner = await world(root);
  const here = { ...inner, registry: withoutStore(inner.registry) };
  await here.registry.save("data:raw", "raw ");
  assertEquals(ends((await runPipeline(threeSteps(), here)).steps), {
    clean: "ran",
    train: "ran",
    report: "ran",
  });
  assertEquals(await textOf(here.registry, "data:report"), "raw clean report ");
  const again = await runPipeline(threeSteps(0.2), here);
  assertEquals(ends(again.steps), { clean: "skipped", train: "ran", report: "skipped" });
  await inner[Symbol.asyncDispose]();
});

testInRoot("engines run over a registry without a store", async (root) => {
  const inner = await carriedWorld(root);
  const registry = withoutStore(inner.registry);
  const options = { ...inner.options, registry };
  await registry.save("data:raw", "raw ");
  const worker = await inner.work(threeSteps());
  const { end, steps } = await runPipeline(threeSteps(), options);
  assertEquals([end, ends(steps)], ["ok", { clean: "ran", train: "ran", report: "ran" }]);
  await worker[Symbol.asyncDispose]();
  await inner[Symbol.asyncDispose]();
});
