// A run that kills itself: `killed_run.ts ROOT WHEN`, where WHEN is `in step`, `after outputs`, `after success` or
// `never`. It prints what became of each step as JSON.
import process from "node:process";
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
      const isSuccess = name === "nightly:step:train";
      if (isSuccess && when === "after outputs") die();
      const saved = await opened.save(name, value, options);
      if (isSuccess && when === "after success") die();
      return saved;
    },
  },
});

const operators = createOperators();
add(operators, "write", async ({ outputRoot, operatorId }) => {
  await Deno.writeTextFile(`${outputRoot}/text`, operatorId);
  if (operatorId === "train" && when === "in step") die();
});
const steps = [
  step("clean", { operator: "write" }),
  step("train", { operator: "write", upstream: ["clean"], outputs: { ".": "registry:model" } }),
  step("report", { operator: "write", upstream: ["train"] }),
];
const result = await runPipeline(pipeline(steps), { registry, operators, root });
console.log(
  JSON.stringify(
    Object.fromEntries(Object.entries(result.steps).map(([id, { end }]) => [id, end])),
  ),
);
