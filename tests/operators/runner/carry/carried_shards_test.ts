import { assertEquals } from "@std/assert";
import { carryPipeline } from "../../../../operators/runner/mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends, textOf } from "../world.ts";
import { type CarriedWorld, carriedWorld } from "./carried_world.ts";

const SHARDS = 5;
const shared = pipeline([
  step("split", { shards: SHARDS, outputs: { ".": "registry:data" } }),
  step("report", { upstream: ["split"] }),
]);

/** Lets each shard write a file; those in `broken` fail as long as they are there. */
function registerSplit({ operators }: CarriedWorld, broken = new Set<number>()): number[] {
  const shards: number[] = [];
  operators.register("split", {
    async run({ outputRoot, shard }) {
      shards.push(shard!.index);
      if (broken.has(shard!.index)) throw new Error(`no ${shard!.index}`);
      await Deno.writeTextFile(`${outputRoot}/${shard!.index}`, String(shard!.index));
    },
    command: () => ["false"],
  });
  return shards;
}

testInRoot(
  "shards of a step are carried to several workers, and are one version and one success",
  async (root) => {
    await using world = await carriedWorld(root);
    const shards = registerSplit(world);
    const { registry, options } = world;
    await using _one = await world.work(shared);
    await using _two = await world.work(shared);
    const { end, steps } = await carryPipeline(shared, options);
    assertEquals([end, ends(steps)], ["ok", { split: "ran", report: "ran" }]);
    assertEquals(shards.toSorted(), [0, 1, 2, 3, 4]);
    assertEquals(await textOf(registry, "nightly:output:report"), "01234report ");
    for (const name of ["data", "nightly:step:split", "nightly:shards:split"]) {
      assertEquals((await Array.fromAsync(registry.versions(name))).length, 1, name);
    }
  },
);
