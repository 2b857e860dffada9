// A run of a step in four shards that kills itself: `killed_shards.ts ROOT WHEN`, where WHEN is `after two shards`,
// `before the version`, `before the success` or `never`. It prints which shards ran as JSON.
import process from "node:process";
import type { Draft } from "../../../extensions/transfers/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { add, pipeline, step } from "./pipelines.ts";

const [root, when] = Deno.args;
const die = () => process.kill(process.pid, "SIGKILL");

await using opened = await openRegistry(`${root}/registry`, { durability: "os" });
const registry: Registry = Object.create(opened, {
  save: {
    value: async (name: string, value: unknown, options?: object) => {
      if (name === "nightly:step:split" && when === "before the success") die();
      return await opened.save(name, value, options);
    },
  },
  openDraft: {
    value: async (name: string, options: { id: string }): Promise<Draft> => {
      const draft = await opened.openDraft(name, options);
      const commit: Draft["commit"] = async (more) => {
        if (name === "data" && when === "before the version") die();
        return await draft.commit(more);
      };
      return { ...draft, commit };
    },
  },
});

const operators = createOperators();
const ran: number[] = [];
add(operators, "split", async ({ outputRoot, shard }) => {
  if (shard!.index === 2 && when === "after two shards") die();
  ran.push(shard!.index);
  await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, "x".repeat(100_000));
});
const steps = [step("split", { shards: 4, outputs: { ".": "registry:data" } })];
const { end } = await runPipeline(pipeline(steps), { registry, operators, root, concurrency: 1 });
console.log(JSON.stringify({ end, ran }));
